"""What an operator sees while a run goes on."""

import pytest

from graphistry_airgap.cli.progress import Lines


@pytest.fixture
def lines():
    progress = Lines()
    progress.stage("services")
    return progress


def test_a_wait_is_one_line_from_time_to_time(lines, capsys):
    for second in range(10, 41):
        lines.wait("service nexus: running, health: starting", second, again=second in (10, 40))
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "services       waiting  10 s: service nexus: running, health: starting",
        "services       waiting  40 s: service nexus: running, health: starting",
    ]


def test_what_a_service_said_does_not_drive_the_terminal(lines, capsys):
    lines.wait("service nexus: \x1b[2J", 10, again=True)
    assert "\x1b" not in capsys.readouterr().err
