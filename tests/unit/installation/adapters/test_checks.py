"""Checks of the host: their words whole and without pytest's own, one error per cause, a wait told."""

import json
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.process import Outcome
from graphistry_airgap.core.errors import StageError
from graphistry_airgap.installation.adapters import checks as host_checks, waiting
from graphistry_airgap.installation.failures import checks_error
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE, InventoryHost
from tests.kit.strict_schemas import strict

DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\nIs the docker daemon running?"
TESTS = f"""
import subprocess, types
import pytest
from graphistry_airgap.checks.machine import ask

class Host:
    def run(self, command):
        done = subprocess.run(command, shell=True, capture_output=True, text=True)
        return types.SimpleNamespace(rc=done.returncode, stdout=done.stdout, stderr=done.stderr)

DOCKER = "printf '%s\\\\n' {DOWN!r} >&2; exit 1"

@pytest.mark.parametrize("what", ["info", "images", "ps"])
def test_docker(what):
    ask(Host(), DOCKER.replace("%s", "%b") + f"; {{what}}")

def test_services():
    wrong = {{"nexus": "unhealthy\\nassert me"}}
    assert not wrong, f"not healthy:\\n{{wrong['nexus']}}"

def test_silent():
    ask(Host(), "exit 3")

def test_well():
    assert ask(Host(), "echo yes") == "yes"
"""


def errors_of(tmp_path):
    (tmp_path / "test_it.py").write_text(textwrap.dedent(TESTS))
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        tmp_path,
    ]
    subprocess.run(command, check=False, capture_output=True, cwd=tmp_path)
    summary = host_checks.summarise(report.read_text())
    strict("verify-v1").validate(summary)
    return checks_error(summary).errors


@pytest.mark.subprocesses
def test_one_cause_is_one_error_with_the_other_program_s_words_first_and_whole(tmp_path):
    told = {error.message: error.details["test"] for error in errors_of(tmp_path)}
    names = "test_docker[images], test_docker[info], test_docker[ps]"
    assert told == {
        f"{DOWN}\nfailed: {names}": names,
        # as pytest lays out what has several lines
        "not healthy:\n  unhealthy\n  assert me\nfailed: test_services": "test_services",
        "`exit 3` ends with status 3 and says nothing\nfailed: test_silent": "test_silent",
    }


def test_each_way_out_of_one_cause_is_told_once():
    rows = [{"test": name, "outcome": "failed", "message": DOWN} for name in "abcd"]
    for row, hint in zip(rows, ["start it", None, "start it", "or that"], strict=True):
        row["hint"] = hint
    (error,) = checks_error({"tests": rows}).errors
    assert (error.message, error.hint) == (f"{DOWN}\nfailed: a, b, c, d", "start it; or that")
    (error,) = checks_error({"tests": rows[1:2], "junit": "/x.xml"}).errors
    assert error.hint == "details: /x.xml"


def stand_in_for_pytest(monkeypatch, run):
    """`run` is called with the arguments and the environment when somebody waits for it."""

    @contextmanager
    def beside(argv, *, env, **_):
        yield lambda: run(argv, env)

    monkeypatch.setattr(host_checks, "beside", beside)


def checked(host, progress=None):
    with host_checks.begun_checks({}, host=host, progress=progress or Silent()) as result:
        return result()


class Watched(Silent):
    def __init__(self):
        self.was_told = threading.Event()

    def wait(self, what, seconds, *, again):
        if what == "check test_rung_8":
            self.was_told.set()


def test_checks_that_take_long_tell_which_of_them_runs(tmp_path, monkeypatch):
    """A stand-in for pytest writes what the checks' own hook writes, and ends when that was told."""
    monkeypatch.setattr(waiting, "_FROM", 0.0)
    monkeypatch.setattr(waiting, "_PAUSE", 0.01)
    progress = Watched()

    def run(argv, env):
        place = tmp_path / "verify-waits"
        assert env["AIRGAP_WAITS"] == str(place)
        place.write_text("check test_rung_8")
        assert progress.was_told.wait(60)
        report = next(word for word in argv if "--junitxml=" in word).partition("=")[2]
        (tmp_path / report).write_text("<testsuites><testsuite/></testsuites>")
        return Outcome(tuple(argv), 0, "", "")

    monkeypatch.setattr(places, "REPORTS", tmp_path)
    stand_in_for_pytest(monkeypatch, run)
    assert checked(THIS_MACHINE, progress)["failed"] == 0
    assert not (tmp_path / "verify-waits").exists()


@pytest.mark.subprocesses
def test_each_check_says_that_it_runs(tmp_path):
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"purpose": "server"}))
    place = tmp_path / "waits"
    only = PACKAGE / "checks" / "test_services.py::test_a_template_runs_nothing"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hosts=local://", only]
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        cwd=PACKAGE / "checks",
        env={"PATH": "/usr/bin:/bin", "GRAPHISTRY_AIRGAP_CHECKS": str(facts), "AIRGAP_WAITS": str(place)},
    )
    assert place.read_text() == "check test_a_template_runs_nothing"


def test_checks_that_do_not_run_say_why_first_and_whole(tmp_path, monkeypatch):
    said = "ImportError: no module named x\n" + "\n".join(f"line {number}" for number in range(40))
    monkeypatch.setattr(places, "REPORTS", tmp_path)
    stand_in_for_pytest(monkeypatch, lambda argv, _: Outcome(tuple(argv), 4, "", said))
    with pytest.raises(StageError) as caught:
        checked(THIS_MACHINE)
    assert caught.value.message == f"{said}\nthe post-install tests did not run"


THERE = InventoryHost("b", {"ansible_connection": "ssh", "ansible_host": "192.0.2.7", "ansible_port": 2222})


def test_a_host_elsewhere_is_asked_over_ssh_and_its_report_lies_apart(tmp_path, monkeypatch):
    def run(argv, _):
        assert "--hosts=ssh://root@192.0.2.7:2222" in argv
        assert any("StrictHostKeyChecking=yes" in word for word in argv)
        case = '<testcase name="test_x[ssh://root@192.0.2.7:2222]"/>'
        case += '<testcase name="test_y[ssh://root@192.0.2.7:2222-/healthz]"/>'
        (tmp_path / "b/verify-running.xml").write_text(
            f"<testsuites><testsuite>{case}</testsuite></testsuites>"
        )
        return Outcome(tuple(argv), 0, "", "")

    monkeypatch.setattr(places, "REPORTS", tmp_path)
    stand_in_for_pytest(monkeypatch, run)
    found = checked(THERE)
    assert [row["test"] for row in found["tests"]] == ["test_x", "test_y[local-/healthz]"]
    assert (tmp_path / "b/verify.json").exists()
    assert (tmp_path / "b/verify.xml").exists()


def test_tests_that_nobody_waits_for_leave_the_report_of_the_run_before(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "REPORTS", tmp_path)
    (tmp_path / "verify.xml").write_text("before")
    stand_in_for_pytest(monkeypatch, None)
    with host_checks.begun_checks({}, host=THIS_MACHINE, progress=Silent()):
        (tmp_path / "verify-waits").write_text("check test_a")
    assert (tmp_path / "verify.xml").read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"verify.xml", "verify-input.json"}
