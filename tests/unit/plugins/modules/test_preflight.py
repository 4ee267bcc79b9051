"""The module and its role, run by Ansible on this machine, which no bundle fits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphistry_airgap.content import link_collection

pytestmark = pytest.mark.subprocesses

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  roles: [graphistry.airgap.preflight]
"""


@pytest.fixture
def ansible(tmp_path):
    link_collection(tmp_path / "collections")

    def run(program, *arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "ANSIBLE_NOCOLOR": "1",
        }
        program = Path(sys.executable).with_name(program)
        return subprocess.run(
            [program, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def call(ansible, **arguments):
    asked = ("-m", "graphistry.airgap.preflight", "-a", json.dumps(arguments))
    done = ansible("ansible", "localhost", "-c", "local", *asked)
    return done.returncode, json.loads(done.stdout.split("=> ", 1)[1])


WRONG = {"bundle": "/nowhere", "platform": "plan9-4", "purpose": "template"}


def test_errors_fail_the_module_and_travel_in_its_result(ansible):
    status, result = call(ansible, **WRONG, waive=["administrator"])
    assert status != 0
    assert result["changed"] is False
    first = result["findings"][0]
    assert first["severity"] == "error"
    assert {"code", "message", "found", "needed", "hint"} <= set(first)
    assert "platform-unsupported" in [item["code"] for item in result["findings"]]
    assert "stop" in result["msg"]
    assert result["profile"]["system"]["id"]


def test_findings_without_a_failure_on_request(ansible):
    status, result = call(ansible, **WRONG, fail=False)
    assert status == 0
    assert result["changed"] is False
    assert "platform-unsupported" in [item["code"] for item in result["findings"]]


def test_the_role_fails_with_every_error_in_its_message(ansible, tmp_path):
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAYBOOK)
    variables = {"preflight_platform": "plan9-4", "preflight_purpose": "zoo", "preflight_bundle": "/nowhere"}
    for mode in ([], ["--check"]):
        done = ansible(
            "ansible-playbook", "-i", "localhost,", str(playbook), "-e", json.dumps(variables), *mode
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert "the bundle is for plan9-4" in done.stdout
        assert "the purpose `zoo` is not known" in done.stdout
        assert "changed=0" in done.stdout
