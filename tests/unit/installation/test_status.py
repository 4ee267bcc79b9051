"""What `status` says of services, of an installation that waits for a reboot, and of several hosts."""

import json

import pytest

from graphistry_airgap.core.errors import HostError, InputError
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE, InventoryHost
from graphistry_airgap.installation.status import Status
from tests.kit.fakes.receipts import receipt
from tests.kit.fakes.resume_world import World, pending

OLD, NEW = "6.12.57-amd64", "6.12.117-amd64"


def answered(kernels=(), *, begun=False, services=None, **changes):
    return {
        "receipt": json.dumps(receipt(**changes)),
        "stages_begun": begun,
        "kernels": {"next": NEW, "kernels": list(kernels)},
        "services": services or {},
    }


def asked(world, *answers, today="2026-11-30T10:00:00Z"):
    """Of as many hosts as there are answers: this machine first."""
    hosts = [THIS_MACHINE, *(host(name) for name in "ab")][: len(answers)]
    said = {one.name: answer for one, answer in zip(hosts, answers, strict=True)}
    return Status(lambda _: said, world, lambda: world.boot, lambda: today).run(hosts)


def host(name):
    return InventoryHost(name, {"ansible_connection": "ssh"})


def status(world, kernels=(), *, begun=False, **changes):
    changes = {"purpose": "template", "complete": False} | changes
    return asked(world, answered(kernels, begun=begun, **changes))


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


def test_a_python_whose_fixes_end_is_told():
    """That of the bundle on the tool's own machine alone; of a platform that is not known nothing is."""

    def told(platform, today):
        bundle = {**receipt()["bundle"], "platform": platform}
        said = asked(World(), *[answered(bundle=bundle)] * 2, today=today).messages
        here, there = THIS_MACHINE.name, "a"
        return [
            [line.partition(": ")[2] for line in said if line.startswith(f"{name}: ") and " fixes " in line]
            for name in (here, there)
        ]

    here, there = told("ubuntu-22.04", "2028-06-30")
    assert [line for line in here if "Python 3.12, which came with the bundle" in line] == here[:1]
    assert "less than a year" in here[0]
    assert there == here[1:]
    assert "Ubuntu 22.04, its Python with it, gets no fixes any more" in there[0]
    assert told("ubuntu-22.04", "2026-06-30") == [[], []]
    assert told("debian-99", "2028-06-30") == [[], []]


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


def rows(**states):
    return [
        {"service": name, "state": state, "health": health, "image": "", "ports": []}
        for name, (state, health) in states.items()
    ]


def test_services_that_are_well_absent_and_sick():
    found = rows(caddy=("running", "healthy"), forge=("running", "unhealthy"), pivot=("running", "none"))
    told = {"defined": ["caddy", "forge", "nexus", "pivot"], "found": found}
    result = asked(World(), answered(services=told))
    assert (result.exit_code, result.data["unhealthy"]) == (1, ["forge", "nexus"])
    assert {error.details["service"]: error.code for error in result.errors} == {
        "forge": "service-unhealthy",
        "nexus": "service-unhealthy",
    }


GONE = {"code": "release-gone", "message": "not there", "hint": "install", "path": "/var/graphistry"}


@pytest.mark.parametrize(
    ("complete", "refusal", "codes"),
    [
        (True, GONE, ["release-gone"]),
        # an installation that did not finish need not have come to its release
        (False, GONE, ["incomplete"]),
        (False, GONE | {"code": "services-unknown"}, ["services-unknown", "incomplete"]),
    ],
)
def test_services_of_which_nobody_knows_are_never_well(complete, refusal, codes):
    result = asked(World(), answered(services={"refusal": refusal}, complete=complete))
    assert (result.exit_code, [error.code for error in result.errors]) == (1, codes)


def test_each_host_answers_for_itself():
    silent = HostError("ssh refuses", code="host-unreachable", hint="log in there once by hand")
    result = asked(World(pending()), answered(complete=True), answered(complete=False), silent)
    here, one, other = (next(row for row in result.data["hosts"] if row["host"] == name) for name in NAMES)
    assert (here["exit_code"], one["exit_code"], other["exit_code"]) == (0, 1, 3)
    # the reboot that is remembered is the one of the tool's machine
    assert here["resume"] is not None
    assert one["resume"] is None
    assert (result.exit_code, [error.code for error in result.errors]) == (
        3,
        ["incomplete", "host-unreachable"],
    )
    assert any(line.startswith("a: Graphistry v1") for line in result.messages)


NAMES = (THIS_MACHINE.name, "a", "b")


@pytest.mark.parametrize(
    ("text", "code", "exit_code"), [(None, "not-installed", 1), ("{", "receipt-unreadable", 2)]
)
def test_a_host_without_a_receipt_or_with_a_damaged_one(text, code, exit_code):
    result = asked(World(), answered() | {"receipt": text}, answered())
    assert [error.code for error in result.errors] == [code]
    assert [row["exit_code"] for row in result.data["hosts"]] == [0, exit_code]
