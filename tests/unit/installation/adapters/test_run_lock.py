"""The lock is really exclusive between processes, and frees itself with its holder."""

import subprocess
import sys

import pytest

from graphistry_airgap.core.adapters.process import Outcome
from graphistry_airgap.core.errors import HostEnvironmentError
from graphistry_airgap.installation.adapters import run_lock

HOLDER = """
import sys
from pathlib import Path
from graphistry_airgap.installation.adapters import run_lock
run_lock._other_runs = lambda: []
with run_lock.hold(Path(sys.argv[1]), command="install"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path, monkeypatch):
    monkeypatch.setattr(run_lock, "_other_runs", list)
    return tmp_path / "run" / "lock"


def hold_elsewhere(lock):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_at_once_and_told_who_holds(lock):
    process = hold_elsewhere(lock)
    try:
        with pytest.raises(HostEnvironmentError) as caught, run_lock.hold(lock, command="install"):
            pass
        assert f'"pid": {process.pid}' in caught.value.message
        assert caught.value.exit_code == 5
    finally:
        process.communicate("")


def test_a_killed_holder_leaves_no_lock(lock):
    process = hold_elsewhere(lock)
    process.kill()
    process.wait()
    with run_lock.hold(lock, command="install"):
        assert lock.exists()


def test_what_a_finished_run_left_behind_for_a_moment_is_waited_for(lock, monkeypatch):
    left = [["graphistry-airgap-run-7.scope"], []]
    monkeypatch.setattr(run_lock, "_other_runs", lambda: left.pop(0))
    with run_lock.hold(lock, command="install"):
        assert left == []


def test_processes_of_a_killed_run_still_count_as_holding(lock, monkeypatch):
    monkeypatch.setattr(run_lock, "PATIENCE", 0.3)
    monkeypatch.setattr(run_lock, "_other_runs", lambda: ["graphistry-airgap-run-7.scope"])
    expected = pytest.raises(HostEnvironmentError, match=r"graphistry-airgap-run-7\.scope")
    with expected, run_lock.hold(lock, command="install"):
        pass


def test_the_lock_directory_is_for_root_alone(lock):
    with run_lock.hold(lock, command="install"):
        assert lock.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_of_the_callers_environment_is_inherited(monkeypatch):
    monkeypatch.setenv("ANSIBLE_CONFIG", "/tmp/evil.cfg")
    monkeypatch.setenv("PYTHONPATH", "/tmp/evil")
    built = run_lock.built_environment()
    assert set(built) <= {"PATH", "HOME", "LC_ALL", "LANG", "TERM"}


def test_a_full_run_directory_is_told_before_the_process_is_given_away(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device", "/run")

    monkeypatch.setattr(run_lock, "own_scope", lambda: None)
    monkeypatch.setattr(run_lock.Path, "is_dir", lambda _: True)
    monkeypatch.setattr(run_lock.os, "execvpe", lambda *_: pytest.fail("it was given away"))
    monkeypatch.setattr(run_lock.tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match="No space left"):
        run_lock.enter_scope(["install"])


def test_a_systemd_that_does_not_answer_is_told_in_our_words(monkeypatch):
    monkeypatch.setattr(run_lock, "own_scope", lambda: None)
    monkeypatch.setattr(run_lock.Path, "is_dir", lambda _: True)
    monkeypatch.setattr(run_lock.os, "execvpe", lambda *_: pytest.fail("it was given away"))
    monkeypatch.setattr(run_lock, "run", lambda argv: Outcome(tuple(argv), 1, "", "Failed to connect to bus"))
    with pytest.raises(HostEnvironmentError, match="Failed to connect to bus") as caught:
        run_lock.enter_scope(["install"])
    assert caught.value.code == "no-systemd"
