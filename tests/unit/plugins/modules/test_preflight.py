"""The module on this machine, which no bundle fits; and its role, run by Ansible, without a verified one."""

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
def judged(call_module, verify, tmp_path):
    bundle = tmp_path / "bundle"
    verify(bundle)

    def judge(**more):
        wrong = {"bundle": str(bundle), "platform": "plan9-4", "purpose": "zoo"}
        return call_module("preflight", **wrong, **more)

    return judge


def test_errors_fail_the_module_and_travel_in_its_result(judged):
    result = judged(waive=["administrator"])
    assert (result["failed"], result["changed"]) == (True, False)
    first = result["findings"][0]
    assert first["severity"] == "error"
    assert {"code", "message", "found", "needed", "hint"} <= set(first)
    assert "platform-unsupported" in [item["code"] for item in result["findings"]]
    assert "stop" in result["msg"]
    assert result["profile"]["system"]["id"]


def test_findings_without_a_failure_on_request(judged):
    result = judged(fail=False)
    assert (result.get("failed"), result["changed"]) == (None, False)
    assert "platform-unsupported" in [item["code"] for item in result["findings"]]


@pytest.mark.parametrize("check", [False, True])
def test_every_error_is_in_the_message(judged, check):
    said = judged(check=check)["msg"]
    assert "the bundle is for plan9-4" in said
    assert "the purpose `zoo` is not known" in said


def test_digests_of_files_that_were_not_verified_are_refused(judged, tmp_path):
    assert judged(digests={"keys/a.gpg": "0" * 64})["code"] == "bundle-digest-differs"
    release = {
        "release_source": str(tmp_path / "bundle/release"),
        "release_files": {"VERSION": {"sha256": "0"}},
    }
    assert judged(**release)["code"] == "bundle-digest-differs"


@pytest.mark.parametrize("mode", [[], ["--check"]])
def test_the_role_refuses_a_bundle_that_nobody_has_verified(tmp_path, mode):
    link_collection(tmp_path / "collections")
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_HOME": str(tmp_path),
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", tmp_path / "play.yml"]
    variables = {"preflight_platform": "debian-13", "preflight_bundle": str(tmp_path)}
    done = subprocess.run(
        [*command, "-e", json.dumps(variables), *mode],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "bundle-unverified" in done.stdout
    assert "changed=0" in done.stdout
