"""What roles write whole on a host, byte for byte: a changed text is a change on every host that has it.

Each is rendered by Ansible where the role hands it over, and once more where the question whether all is in
place does.
"""

import ast
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graphistry_airgap.content import TARGET, content_root
from graphistry_airgap.target.hardening import exceptions
from graphistry_airgap.target.tasks.driver import boot

pytestmark = pytest.mark.subprocesses

NOUVEAU = """\
# graphistry-airgap: NVIDIA's driver cannot have a GPU that nouveau holds.
blacklist nouveau
options nouveau modeset=0
"""
DRACUT = """\
# graphistry-airgap: also later images shall hold it.
install_optional_items+=" /etc/modprobe.d/graphistry-airgap-nouveau.conf "
"""
DAEMON = """\
# graphistry-airgap: without a driver (a template, a host without GPU) it would only fail.
[Unit]
ConditionPathExists=/proc/driver/nvidia/version
"""
CLIENT = """\
# graphistry-airgap: without a network there is no licence server to ask
[Unit]
Wants=network-online.target
After=network-online.target
"""
FORWARDING = """\
# Kept by graphistry-airgap: Docker's bridge networks forward IPv4.
# The site file allows this exception to RHEL-09-253075 by name (hardening.allow: ip-forward).
net.ipv4.ip_forward = 1
"""
BOOT = {"blacklist_content": NOUVEAU, "dracut_content": DRACUT, "daemon_content": DAEMON}
# role and module to the texts that the one hands to the other
TEXTS = {
    ("nvidia_driver", "driver_boot"): BOOT,
    ("nvidia_vgpu", "driver_boot"): BOOT,
    ("nvidia_vgpu", "vgpu_client"): {"unit_content": CLIENT},
    ("hardening_exceptions", "exceptions"): {"sysctl_content": FORWARDING},
}
ROLES = [role for role, _ in dict.fromkeys(TEXTS)]
# in the place of every module: it writes down what it is given, and plans an installation
STAND_IN = f"""\
#!{sys.executable}
# WANT_JSON
import json, os, sys
given = json.load(open(sys.argv[1]))
name = given["_ansible_module_name"].rpartition(".")[2]
with open(os.environ["GIVEN"], "a") as log:
    log.write(json.dumps([name, given]) + "\\n")
plan = {{"action": "install", "packages": [], "dkms": {{}}, "version": "1", "module_files": "nvidia"}}
print(json.dumps({{"changed": False, "driver_plan": plan, "packages": [], "install": True}}))
"""
VARIABLES = {
    "nvidia_driver_desired": {"knowledge": {"drivers": {"modules": []}}},
    "nvidia_vgpu_desired": {"purpose": "server", "driver": {}, "licence_timeout": 1, "server": {}},
    "nvidia_vgpu_bundle": "/media/bundle",
}


@pytest.fixture
def given(tmp_path):
    """`given(plays)` runs them with stand-ins for the modules: what each module was given, in turn."""
    collection = tmp_path / "collections/ansible_collections/graphistry/airgap"
    (collection / "plugins/modules").mkdir(parents=True)
    (collection / "playbooks").mkdir()
    (collection / "roles").symlink_to(content_root() / "roles")
    for module in (content_root() / "plugins/modules").glob("*.py"):
        stand_in = collection / "plugins/modules" / module.name
        stand_in.write_text(STAND_IN, encoding="utf-8")
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    log = tmp_path / "given"

    def run(plays):
        playbook = collection / "playbooks/texts.yml"
        playbook.write_text(yaml.safe_dump(plays), encoding="utf-8")
        program = Path(sys.executable).with_name("ansible-playbook")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.fspath(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": os.fspath(tmp_path / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "GIVEN": os.fspath(log),
        }
        # else Ansible takes the newest by name on PATH, which may be no more than a name
        variables = {**VARIABLES, "ansible_python_interpreter": sys.executable}
        command = [program, "-i", "localhost,", "-c", "local", "-e", json.dumps(variables), playbook]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    return run


def texts(arguments):
    return {name: value for name, value in arguments.items() if name.endswith("_content")}


def test_the_roles_hand_over_the_very_texts(given):
    play = {
        "hosts": "all",
        "gather_facts": False,
        "roles": [{"role": f"graphistry.airgap.{role}"} for role in ROLES],
    }
    found = [(name, texts(arguments)) for name, arguments in given([play])]
    assert [one for one in found if one[1]] == [(module, told) for (_, module), told in TEXTS.items()]


def test_the_question_whether_all_is_in_place_has_them_too(given):
    (play,) = yaml.safe_load((content_root() / "playbooks/in-place.yml").read_text(encoding="utf-8"))
    named = {f"Know the variables of {role}" for role in ROLES}
    question = play["tasks"][-1]["graphistry.airgap.in_place"]
    question["tasks"] = [one for one in question["tasks"] if texts(one["arguments"])]
    kept = [
        one
        for one in play["tasks"][:-1]
        if one["name"] in named or "driver_plan" in str(one) or "vgpu_plan" in str(one)
    ]
    play["tasks"] = [*kept, play["tasks"][-1]]
    (asked,) = [arguments for name, arguments in given([play]) if name == "in_place"]
    found = [(one["module"], texts(one["arguments"])) for one in asked["tasks"]]
    assert found == [(module, told) for (_, module), told in TEXTS.items()]


def test_dracut_is_told_of_the_file_that_is_written():
    assert f" {boot.ARGUMENTS['blacklist']['default']} " in DRACUT


def test_the_exception_is_named_as_preflight_and_receipt_name_it():
    assert exceptions.STIG[exceptions.IP_FORWARD] in FORWARDING


# of several lines, and none that a role could hand over: docs/adr/0035-texts.md
IN_CODE = {
    "docker/flags.py": "units of Docker's packages, which preflight reads before there are any",
    "docker/images/endpoint.py": "an answer over HTTP",
    "host/play_lock.py": "a command of the unit that holds a play's lock, and nothing of a disk",
    "host/unit_words.py": "words of a message",
    "packages/apt/source.py": "settings of a trial and of the transaction, which must not differ",
    "packages/apt/trial.py": "the same",
    "packages/dnf/source.py": "the same",
}


def lines_in_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in told:
            yield node.value.count(b"\n" if isinstance(node.value, bytes) else "\n")


def test_no_other_text_lies_in_what_runs_on_a_host():
    found = {
        os.fspath(path.relative_to(TARGET))
        for path in TARGET.rglob("*.py")
        if max(lines_in_code(path), default=0) > 1
    }
    assert found == IN_CODE.keys()
