"""The lock is really exclusive between processes, and frees itself with its holder."""

import subprocess
import sys

import pytest

from graphistry_airgap.adapters import run_lock
from graphistry_airgap.domain.errors import HostEnvironmentError

HOLDER = """
import sys
from pathlib import Path
from graphistry_airgap.adapters import run_lock
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


def test_processes_of_a_killed_run_still_count_as_holding(lock, monkeypatch):
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
