"""The unit for the boot after, and the restart; systemd is answered for."""

import pytest

from graphistry_airgap.core.adapters.process import Outcome
from graphistry_airgap.installation.adapters import reboot
from graphistry_airgap.installation.adapters.reboot import ResumeUnit


@pytest.fixture
def systemd(monkeypatch):
    """Calls, and the exit status of those that begin with a word of `refused`."""
    calls, refused = [], set()

    def run(argv, **_):
        calls.append(list(argv))
        failed = bool(refused.intersection(argv))
        return Outcome(tuple(argv), int(failed), "", "no" if failed else "")

    monkeypatch.setattr(reboot, "run", run)
    return calls, refused


@pytest.fixture
def unit(tmp_path):
    (tmp_path / "multi-user.target.wants").mkdir()
    return ResumeUnit(tmp_path)


def test_the_unit_waits_for_the_medium_after_the_boot_and_speaks_on_the_console(unit, systemd):
    assert unit.install() == ""
    lines = unit.path.read_text().splitlines()
    assert "After=multi-user.target" in lines
    assert "Type=exec" in lines
    assert "StandardOutput=journal+console" in lines
    [start] = [line for line in lines if line.startswith("ExecStart=")]
    assert start.endswith(
        "/opt/graphistry-airgap/bin/graphistry-airgap --no-color install --resume --wait-for-medium"
    )
    assert not any(line.startswith("Restart=") for line in lines)
    assert systemd[0] == [["systemctl", "enable", "--quiet", "graphistry-airgap-resume.service"]]


def test_what_stands_in_the_way_is_said(unit, systemd, tmp_path):
    systemd[1].add("enable")
    assert unit.install() == "no"
    assert "No such file" in ResumeUnit(tmp_path / "none").install()


def test_it_goes_away_for_the_boots_to_come(unit, systemd):
    unit.remove()
    assert systemd[0] == []
    unit.install()
    wanted = unit.path.parent / "multi-user.target.wants" / unit.path.name
    wanted.symlink_to(unit.path)
    unit.remove()
    assert not unit.path.exists()
    assert not wanted.is_symlink()
    assert systemd[0][-1] == ["systemctl", "daemon-reload"]


def test_the_restart_waits_for_the_runs_and_is_not_asked_for_twice(systemd):
    calls, refused = systemd
    assert reboot.schedule_restart() == ""
    assert calls[0][0] == "systemd-run"
    assert "graphistry-airgap-run-*.scope" in calls[0][-1]
    assert calls[0][-1].endswith("[ ! -e /var/lib/graphistry-airgap/resume.json ] || exec systemctl reboot")
    refused.add("systemd-run")  # a timer of that name is there already
    assert reboot.schedule_restart() == ""
    refused.add("is-active")
    assert reboot.schedule_restart() == "no"
