"""What `status` says of an installation that waits for a reboot, or for being resumed after it."""

import pytest

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.status import Status
from tests.kit.fakes.resume_world import World, pending

RECEIPT = {
    "bundle": {"release": "v1", "id": "b"},
    "purpose": "template",
    "complete": False,
    "finished": "2026-11-20T08:00:00Z",
    "site": {"root": "/var/graphistry"},
}


OLD, NEW = "6.12.57-amd64", "6.12.117-amd64"


def status(world, kernels=(), *, begun=False, **receipt):
    receipts = type("Receipts", (), {"load": lambda _: RECEIPT | receipt})()
    boot = {"next": NEW, "kernels": list(kernels)}
    nothing = (lambda _: [], lambda _: [])
    return Status(receipts, *nothing, world, lambda: world.boot, lambda: boot, lambda: begun).run()


def kernel(name, *, running=False, modules=False):
    return {"name": name, "running": running, "has_modules": modules, "has_headers": False, "modules": ""}


def test_before_the_reboot():
    result = status(World(pending()))
    assert (result.exit_code, result.errors[0].code) == (1, "incomplete")
    assert "nouveau is loaded" in result.errors[0].message
    assert "restart this host" in result.errors[0].hint
    assert result.data["resume"]["reboot_due"] is True
    assert "waits for a reboot" in result.messages[-1]


def test_after_it():
    result = status(World(pending(), boot="boot-2"))
    assert result.data["resume"]["reboot_due"] is False
    assert result.errors[0].hint.endswith("install --resume")


@pytest.mark.parametrize(("complete", "code"), [(True, 0), (False, 1)])
def test_without_one(complete, code):
    result = status(World(), complete=complete)
    assert (result.exit_code, result.data["resume"]) == (code, None)


def test_a_run_that_was_killed_is_told_though_the_one_before_was_whole():
    result = status(World(), complete=True, begun=True)
    assert (result.exit_code, [error.code for error in result.errors]) == (1, ["incomplete"])
    assert "was killed" in result.errors[0].message
    # of a run that recorded its end, that end says more
    (error,) = status(World(), complete=False, begun=True).errors
    assert "did not finish" in error.message


def test_a_damaged_state_is_shown():
    def damaged():
        raise InputError("cannot be used", code="resume-unreadable", hint="install again")

    world = World()
    world.load = damaged
    result = status(world)
    assert result.data["resume"]["unreadable"] == "cannot be used"
    assert result.errors[0].hint == "install again"


@pytest.mark.parametrize(
    ("driver", "code"), [({"action": "install"}, 1), ({"action": "none"}, 0), (None, 0)], ids=str
)
def test_a_running_kernel_without_modules_fails_where_a_driver_was_installed(driver, code):
    kernels = [kernel(OLD, modules=True), kernel(NEW, running=True)]
    result = status(World(), kernels, complete=True, driver=driver)
    assert result.exit_code == code
    assert [error.code for error in result.errors] == ["kernel-without-driver"] * code
    assert result.data["kernels"]["kernels"] == kernels


def test_a_next_kernel_without_modules_is_said_and_no_failure():
    kernels = [kernel(OLD, running=True, modules=True), kernel(NEW)]
    result = status(World(), kernels, complete=True, driver={"action": "install"})
    assert (result.exit_code, result.data["kernels"]["next"]) == (0, NEW)
    assert any(f"boots {NEW} next" in message for message in result.messages)


def test_nothing_is_said_about_kernels_without_a_driver():
    result = status(World(), [kernel(OLD, running=True), kernel(NEW)], complete=True)
    assert (result.exit_code, [line for line in result.messages if "kernel" in line]) == (0, [])
