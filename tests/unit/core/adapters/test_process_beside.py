"""A program beside a block: waited for, or ended with it together with what it started."""

import os
import signal
from pathlib import Path

import pytest

from graphistry_airgap.core.adapters import process
from graphistry_airgap.core.adapters.process import beside

pytestmark = pytest.mark.subprocesses

# it tells its own number and its child's, then both sleep for longer than any test
PAIR = "sleep 600 & echo $$ $! >numbers.new; mv numbers.new numbers; wait"


def begun(folder, script, timeout=600):
    return beside(["sh", "-c", script], cwd=folder, env={"SAID": "words"}, timeout=timeout)


def numbers(folder):
    """Of the two processes, once they are there."""
    while not (folder / "numbers").exists():
        pass
    return [int(word) for word in (folder / "numbers").read_text().split()]


def lives(number):
    """Neither gone nor a zombie that nobody here has to wait for."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(") ")[2][0] != "Z"


def wait_for_the_end_of(pair):
    """Each of the two gets the signal; the second is nobody's child that could be waited for."""
    while any(map(lives, pair)):
        pass


def test_it_says_what_the_program_said(tmp_path):
    with begun(tmp_path, 'echo "$SAID"; pwd; echo bad >&2; exit 3') as outcome:
        ended = outcome()
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, f"words\n{tmp_path}\n", "bad\n")


def test_what_nobody_waits_for_is_ended_with_all_that_it_started(tmp_path):
    with begun(tmp_path, PAIR):
        pair = numbers(tmp_path)
        assert all(map(lives, pair))
    wait_for_the_end_of(pair)


def test_an_error_in_the_block_ends_it(tmp_path):
    def interrupted():
        with begun(tmp_path, PAIR):
            numbers(tmp_path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    pair = numbers(tmp_path)
    wait_for_the_end_of(pair)


def test_what_does_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_GRACE", 0.1)
    with begun(tmp_path, f"trap '' {signal.SIGTERM.value}; {PAIR}"):
        pair = numbers(tmp_path)
    wait_for_the_end_of(pair)


def test_what_does_not_end_in_time_is_told_and_ended(tmp_path):
    with begun(tmp_path, PAIR, timeout=0.1) as outcome:
        pair = numbers(tmp_path)
        assert outcome().returncode == 124
    wait_for_the_end_of(pair)


def test_its_group_is_its_own(tmp_path):
    """What ends it must not reach us."""
    with begun(tmp_path, PAIR):
        assert {os.getpgid(number) for number in numbers(tmp_path)} != {os.getpgid(0)}
