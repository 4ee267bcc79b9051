"""What `compose ps` says, in both of its forms, and what counts as good."""

import json

import pytest

from graphistry_airgap.target.stack import compose as compose_stack

ROWS = [
    {"Service": "a", "ID": "1", "State": "running", "Health": "healthy", "ExitCode": 0},
    {"Service": "b", "ID": "2", "State": "running", "Health": "", "ExitCode": 0},
]


LINES = "\n".join(json.dumps(row) for row in ROWS) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        LINES,
        f"[warning] of the vendor's wrapper\n{{not json\n[1]\n{LINES}",
        f"[warning] of the vendor's wrapper\n{json.dumps(ROWS)}",
    ],
)
def test_both_forms_are_read_whatever_stands_beside_them(text):
    assert [c.service for c in compose_stack.read_ps(text)] == ["a", "b"]


def test_no_container_is_no_error():
    assert compose_stack.read_ps("\n") == []
    assert compose_stack.waiting(["a"], []) == {"a": "no container"}


@pytest.mark.parametrize(
    ("state", "health", "code", "good"),
    [
        ("running", "healthy", 0, True),
        ("running", "", 0, True),
        ("running", "starting", 0, False),
        ("running", "unhealthy", 0, False),
        ("exited", "", 0, True),
        ("exited", "", 137, False),
        ("restarting", "", 1, False),
        ("created", "", 0, False),
    ],
)
def test_what_is_good(state, health, code, good):
    assert compose_stack.Container("a", "1", state, health, code).good is good


@pytest.mark.parametrize(
    ("text", "moment"),
    [("1970-01-01T00:00:01Z", 1.0), ("1970-01-01T00:00:01.250000001Z", 1.25)],
)
def test_start_times_are_read(text, moment):
    assert compose_stack.started_at(text) == pytest.approx(moment)


def test_the_likeliest_cause_comes_first():
    bad = {
        "a-waits": "created",
        "b-waits": "no container",
        "c-starts": "running, health: starting",
        "d-fails": "running, health: unhealthy",
        "e-ended": "exited with 1",
    }
    order = ["d-fails", "e-ended", "c-starts", "a-waits", "b-waits"]
    assert compose_stack.likeliest_cause_first(bad) == order
