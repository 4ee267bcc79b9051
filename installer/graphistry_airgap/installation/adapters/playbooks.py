"""ansible-runner behind one door: `run_playbook` in, a recap made from the events out.

Everything that Ansible reads is built here: a fresh 0700 directory, a fixed
environment, the collection by links into the tool.  Play names are stage names.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible_runner

from graphistry_airgap.content import content_root, link_collection
from graphistry_airgap.core.adapters.process import FIXED_PATH
from graphistry_airgap.core.errors import HostEnvironmentError
from graphistry_airgap.installation.adapters import ssh
from graphistry_airgap.installation.adapters.listener import Listener
from graphistry_airgap.installation.recap import Failure, Recap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphistry_airgap.core.progress import Progress

# found again and removed after a kill, in a directory that may be the operator's
RUN_PREFIX = "graphistry-airgap-run-"
_WAITS, _SOCKETS = "waits", "ssh"


def environment(work: Path) -> dict[str, str]:
    """Variables of the Ansible process; they may be written to disk, so no secret is among them."""
    return {
        "PATH": f"{work / 'bin'}:{FIXED_PATH}",
        "HOME": os.fspath(work),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_HOME": os.fspath(work / "ansible"),
        "ANSIBLE_CONFIG": os.fspath(work / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": os.fspath(work / "collections"),
        # modules and apt put their files here and not into /tmp, so that a killed run leaves none there
        "TMPDIR": os.fspath(work / "tmp"),
        "ANSIBLE_LOCAL_TEMP": os.fspath(work / "tmp"),
        "ANSIBLE_REMOTE_TEMP": os.fspath(work / "tmp"),
        "ANSIBLE_CACHE_PLUGIN": "memory",
        "ANSIBLE_INJECT_FACT_VARS": "false",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_SSH_ARGS": ssh.arguments(),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": os.fspath(work / _SOCKETS),
        # nothing that a site wrote is run to find out what its hosts are
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        # they are for whoever writes playbooks; an operator reads the output of a run that could not begin
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_NOCOLOR": "true",
        # see `target/host/waits.py`
        "AIRGAP_WAITS": os.fspath(work / _WAITS),
        # several plays of one run, see `plugins/plugin_utils/this_run.py`
        "GRAPHISTRY_AIRGAP_TOOL": str(os.getpid()),
        "PYTHONDONTWRITEBYTECODE": "1",
        # modules inherit it; empty is as good as unset
        "PYTHONPYCACHEPREFIX": sys.pycache_prefix or "",
    }


def run_playbook(
    playbook: str,
    *,
    hosts: Mapping[str, Mapping[str, Any]],
    work_root: Path,
    progress: Progress,
    log: Callable[[dict[str, Any]], None],
    check: bool = False,
) -> dict[str, Recap]:
    """Run `playbooks/<playbook>` and tell of each host; the work directory is removed afterwards.

    With `check` the tasks only tell what they would do.

    `hosts` has the variables of each: how it is reached, and what the roles are given.  There are no extra
    variables, which would win over everything that is nearer to a task.
    """
    work = make_work(work_root)
    recaps = {name: Recap() for name in hosts}
    listener = Listener(progress, log, recaps, waits=work / _WAITS, check=check)
    try:
        (work / "ansible.cfg").write_text("[defaults]\n", encoding="ascii")
        # the only program of the runtime on the path: modules must find the host's programs
        (work / "bin").mkdir()
        (work / "tmp").mkdir()
        link_collection(work / "collections")
        (work / "bin" / "ansible-playbook").symlink_to(program("ansible-playbook"))
        inventory = work / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": _plain(dict(hosts))}}), encoding="utf-8")
        runner = ansible_runner.run(
            private_data_dir=os.fspath(work),
            project_dir=os.fspath(content_root() / "playbooks"),
            inventory=os.fspath(inventory),
            playbook=playbook,
            cmdline="--check" if check else None,
            envvars=environment(work),
            event_handler=listener.handle,
            # Runner asks after each such pause, in seconds, whether to end the run
            cancel_callback=listener.look,
            settings={"pexpect_timeout": 1},
            quiet=True,
        )
        output = runner.stdout.read() if not listener.stage else ""
    finally:
        ssh.close(work / _SOCKETS)
        shutil.rmtree(work, ignore_errors=True)
    if runner.status == "canceled":
        raise KeyboardInterrupt
    if runner.rc and not any(recap.failures for recap in recaps.values()):
        for recap in recaps.values():
            recap.failures.append(
                Failure("", "ansible-playbook", output.strip() or f"ended with {runner.rc}", {})
            )
    return recaps


def make_work(work_root: Path) -> Path:
    """This process's own directory below `work_root`; those that killed ones have left there are removed."""
    work_root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in work_root.glob(f"{RUN_PREFIX}*"):
        process = left.name.removeprefix(RUN_PREFIX)
        if process == str(os.getpid()) or not Path("/proc", process, "stat").exists():
            shutil.rmtree(left, ignore_errors=True)
    work = work_root / f"{RUN_PREFIX}{os.getpid()}"
    work.mkdir(mode=0o700)
    return work


def _plain(value: Any) -> Any:
    """The same value for Ansible, which would take braces in a path for a template and run it."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return {"__ansible_unsafe": value} if isinstance(value, str) and "{" in value else value


def program(name: str) -> Path:
    """One of Ansible's programs in the environment that runs this."""
    path = Path(sys.prefix) / "bin" / name
    if not path.is_file():
        raise HostEnvironmentError(
            f"Ansible is not part of this runtime: {path} is missing",
            code="no-ansible",
            hint="run install.sh of the bundle again; it makes the runtime anew",
        )
    return path
