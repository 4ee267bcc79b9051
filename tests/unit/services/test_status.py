"""What `status` says of an installation that waits for a reboot, or for being resumed after it."""

import pytest
from resume_world import World, pending

from graphistry_airgap.domain.errors import InputError
from graphistry_airgap.services.status import Status

RECEIPT = {
    "bundle": {"release": "v1", "id": "b"},
    "purpose": "template",
    "complete": False,
    "finished": "2026-11-20T08:00:00Z",
    "site": {"root": "/var/graphistry"},
}


def status(world, **receipt):
    receipts = type("Receipts", (), {"load": lambda _: RECEIPT | receipt})()
    return Status(receipts, lambda _: [], lambda _: [], world, lambda: world.boot).run()


def test_before_the_reboot():
    result = status(World(pending()))
    assert (result.exit_code, result.errors[0].code) == (1, "incomplete")
    assert "nouveau is loaded" in result.errors[0].message
    assert "restart this host" in result.errors[0].hint
    assert result.data["resume"]["reboot_due"] is True


def test_after_it():
    result = status(World(pending(), boot="boot-2"))
    assert result.data["resume"]["reboot_due"] is False
    assert result.errors[0].hint.endswith("install --resume")


@pytest.mark.parametrize(("complete", "code"), [(True, 0), (False, 1)])
def test_without_one(complete, code):
    result = status(World(), complete=complete)
    assert (result.exit_code, result.data["resume"]) == (code, None)


def test_a_damaged_state_is_shown():
    def damaged():
        raise InputError("cannot be used", code="resume-unreadable", hint="install again")

    world = World()
    world.load = damaged
    result = status(world)
    assert result.data["resume"]["unreadable"] == "cannot be used"
    assert result.errors[0].hint == "install again"
