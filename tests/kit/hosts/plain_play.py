"""The roles on a sealed host by `ansible-playbook` itself, as an engineer of a site would run them.

Ansible is the installed tool's; the variables are those that the tool would give.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.bundles.demo import CHECKOUT
from lab.hosts.prepared_host import INSTALLED_TOOL, site_file

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

WORK = "/run/plain-play"
VARIABLES = f"{WORK}/variables.json"
ANSWERS = f"{WORK}/answers.jsonl"
# every result of every task, whole: what people see is made from it
CALLBACK = """\
import json
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "notification", "answers"

    def v2_runner_on_ok(self, result):
        line = {"task": result.task.get_name(), "result": result.result}
        with open("ANSWERS", "a") as stream:
            stream.write(json.dumps(line, default=str) + "\\n")
""".replace("ANSWERS", ANSWERS)
LINK = (
    "import pathlib, graphistry_airgap.content as content; "
    f"content.link_collection(pathlib.Path('{WORK}/collections'))"
)
PLAY = f"""\
set -eu
bin=$(dirname "$(readlink -f {INSTALLED_TOOL})")
rm -rf {WORK}/collections {ANSWERS}
"$bin/python" -c "{LINK}"
cd {WORK}
export HOME={WORK} LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=0
export ANSIBLE_COLLECTIONS_PATH={WORK}/collections
export ANSIBLE_CALLBACK_PLUGINS={WORK}/callbacks ANSIBLE_CALLBACKS_ENABLED=answers
"$bin/ansible-playbook" -i localhost, -c local -e ansible_python_interpreter=/usr/bin/python3 \\
    -e @{VARIABLES} "$@" {WORK}/all.yml
"""
# as the guide has it
ALL = """\
- ansible.builtin.import_playbook: graphistry.airgap.bundle
- ansible.builtin.import_playbook: graphistry.airgap.install
- ansible.builtin.import_playbook: graphistry.airgap.bundle_released
"""


@dataclass(frozen=True)
class Answer:
    """What one task said of the things that it has to do with."""

    task: str
    changes: list[dict[str, Any]]
    unknown_until: str


def put(host: SealedHost, bundle: Path) -> None:
    """Variables and what writes the answers down."""
    with tempfile.TemporaryDirectory() as folder:
        site, variables = Path(folder) / "site.yml", Path(folder) / "variables.json"
        site.write_text(site_file(), encoding="utf-8")
        maker = CHECKOUT / "molecule" / "shared" / "variables.py"
        subprocess.run([sys.executable, maker, variables, bundle, site], check=True)
        host.put(variables, VARIABLES)
    host.put(CALLBACK.encode(), f"{WORK}/callbacks/answers.py")
    host.put(ALL.encode(), f"{WORK}/all.yml")


def play(host: SealedHost, *options: str) -> tuple[list[Answer], str]:
    """The answers of all tasks that ran, and everything that was printed or written down."""
    done = host.exec(["sh", "-c", PLAY, "sh", *options], timeout=900)
    if done.rc:
        raise AssertionError(f"ansible-playbook: {done.rc}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    written = host.read(ANSWERS).decode()
    answers = [
        Answer(
            line["task"].partition(" : ")[2] or line["task"],
            line["result"].get("changes", []),
            line["result"].get("unknown_until", ""),
        )
        for line in map(json.loads, written.splitlines())
    ]
    return answers, done.stdout + done.stderr + written
