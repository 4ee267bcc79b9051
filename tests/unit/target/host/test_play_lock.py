"""Whose lock it is between a play's tasks; the service itself is looked at on a real host."""

import json

import pytest

from graphistry_airgap.target.host import lock, play_lock, verified
from graphistry_airgap.target.host.play_lock import LockError
from tests.kit.fakes.verified_bundle import held, move

MINE, THEIRS = "root@here, process 7", "root@there, process 7"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    move(lock, verified, tmp_path / "run", monkeypatch)


def says(play):
    return json.dumps({"pid": 1, "play": play, "unit": play_lock.UNIT, "taken": "now"})


class Systemd:
    """`scopes` is what it lists, `status` how it ends."""

    def __init__(self, scopes="", status=0):
        self.scopes, self.status, self.asked = scopes, status, []

    def __call__(self, command):
        self.asked.append(command[:2])
        return self.status, self.scopes, "Failed to connect to bus" if self.status else ""


def test_a_free_lock_stops_nobody():
    play_lock.refuse_others(Systemd(), MINE)


def test_the_same_play_may_have_it():
    with held(lock.LOCK, says(MINE)):
        play_lock.refuse_others(Systemd(), MINE)
        systemd = Systemd()
        play_lock.take(systemd, MINE)
    assert systemd.asked == []


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (says(THEIRS), f"systemctl stop {play_lock.UNIT}"),
        ('{"pid": 3, "command": "install"}', "graphistry-airgap-run-*.scope"),
    ],
)
def test_another_s_is_refused_and_named(holder, words):
    with held(lock.LOCK, holder), pytest.raises(LockError) as caught:
        play_lock.refuse_others(Systemd(), MINE)
    assert (caught.value.code, holder in str(caught.value)) == ("lock-held", True)
    assert words in caught.value.hint


def test_processes_of_a_killed_run_count_as_a_lock():
    listed = Systemd("graphistry-airgap-run-9.scope loaded active running graphistry-airgap\n")
    with pytest.raises(LockError, match=r"graphistry-airgap-run-9\.scope still run"):
        play_lock.refuse_others(listed, MINE)


def test_a_host_without_systemd_is_told():
    for ask in (play_lock.refuse_others, play_lock.take):
        with pytest.raises(LockError, match="Failed to connect to bus") as caught:
            ask(Systemd(status=1), MINE)
        assert caught.value.code == "no-systemd"


def test_somebody_who_was_quicker_has_it(monkeypatch):
    monkeypatch.setattr(play_lock, "PATIENCE", 0.2)
    with held(lock.LOCK, says(THEIRS)), pytest.raises(LockError) as caught:
        play_lock.take(Systemd(status=1), MINE)
    assert caught.value.code == "lock-held"


def test_a_lock_of_the_same_play_from_before_is_not_the_new_one(monkeypatch):
    """What it wrote is still in the file while the new holder has not written yet."""
    monkeypatch.setattr(play_lock, "PATIENCE", 0.2)
    monkeypatch.setattr(play_lock, "is_of", lambda _: False)
    with held(lock.LOCK, says(MINE)), pytest.raises(LockError):
        play_lock.take(Systemd(), MINE)


def test_releasing_ends_one_s_own_alone():
    systemd = Systemd()
    assert play_lock.release(systemd, MINE) is False
    with held(lock.LOCK, says(THEIRS)):
        assert play_lock.release(systemd, MINE) is False
    assert systemd.asked == []
    verified.TICKET.write_text("{}", encoding="utf-8")
    with held(lock.LOCK, says(MINE)):
        assert play_lock.release(systemd, MINE) is True
    assert systemd.asked == [["systemctl", "stop"]]
    assert not verified.TICKET.exists()
