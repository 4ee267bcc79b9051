"""After exit 10: what survives, what is refused, and the unit that waits for the medium after a boot.

The state is written by the tool's own code; that a stage really asks for it is `test_driver_reboot.py`.
"""

from __future__ import annotations

import json
import time
from functools import partial

import pytest

from lab.bundles.demo import BUILD
from lab.hosts.kernel_host import KernelHost, make_image
from lab.hosts.prepared_host import INSTALLED_TOOL, MEDIUM, prepared, site_file
from tests.kit.faults.host_faults import wait_until
from tests.kit.hosts.demo_hosts import install, snapshot, tool
from tests.kit.hosts.resume_host import (
    CONSOLE,
    SHELF,
    STATE,
    UNIT,
    await_unit,
    console,
    give_console,
    insert,
    remember,
    remove,
    schedule_restart,
    unit_state,
)

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

FOUND = "/mnt/stick"


@pytest.fixture(scope="module")
def host(bundle, keyring):
    make_image()
    host = KernelHost("airgap-test-resume")
    boot = partial(host.boot, mounts=[f"{BUILD}:/shelf:ro"])
    with prepared(host, boot, keyring=keyring, site=site_file(purpose="template"), password=None):
        insert(host)
        rc, envelope = install(host)
        assert rc == 0, json.dumps(envelope, indent=1)
        give_console(host)
        yield host


@pytest.fixture
def identity(bundle):
    return json.loads((bundle / "bundle.json").read_bytes())["id"]


@pytest.fixture(autouse=True)
def clean(host):
    """No medium, no state, no unit at the start of a test."""
    for at in (MEDIUM, FOUND):
        remove(host, at)
    host.require(["rm", "-f", STATE])
    host.exec(["systemctl", "disable", "--now", UNIT])
    host.require(["sh", "-c", f"rm -f /etc/systemd/system/{UNIT}; systemctl daemon-reload"])
    console(host)


def has_state(host):
    return host.exec(["test", "-e", STATE]).rc == 0


def test_without_a_state_there_is_nothing_to_resume(host):
    rc, envelope = tool(host, "install", "--resume")
    assert (rc, envelope["errors"][0]["code"]) == (2, "nothing-to-resume")


def test_before_the_reboot_nothing_is_done(host):
    insert(host)
    remember(host)
    before = snapshot(host)
    for answer in (tool(host, "install", "--resume"), install(host, "--resume")):
        rc, envelope = answer
        assert (rc, envelope["data"]["reboot"]) == (10, "manual")
        assert envelope["errors"][0]["code"] == "reboot-required"
    rc, status = tool(host, "status")
    assert (rc, status["data"]["resume"]["reboot_due"]) == (0, True)
    assert snapshot(host) == before
    assert has_state(host)
    left = host.exec(["sh", "-c", "ls -d /run/graphistry-airgap/*-run-* /opt/graphistry-airgap/.staging.*"])
    assert left.stdout == ""


@pytest.mark.parametrize("resume", [True, False], ids=["resume", "plain"])
def test_a_power_cut_before_the_reboot_loses_nothing(host, resume):
    remember(host)
    host.power_cut()
    assert has_state(host)
    insert(host, at=FOUND)
    arguments = ["--resume"] if resume else ["--bundle", FOUND]
    rc, envelope = tool(host, "install", *arguments)
    assert rc == 0, json.dumps(envelope, indent=1)
    assert not has_state(host)


def test_no_medium_and_another_bundle(host, identity):
    remember(host, rebooted=True)
    rc, envelope = tool(host, "install", "--resume")
    assert (rc, envelope["errors"][0]["code"]) == (2, "medium-missing")
    assert identity in envelope["errors"][0]["message"]
    assert MEDIUM in envelope["errors"][0]["found"]
    host.put(b"other\n", f"{FOUND}/SHA256SUMS")
    host.put(json.dumps({"id": "f" * 32}).encode(), f"{FOUND}/bundle.json")
    rc, envelope = tool(host, "install", "--resume", "--bundle", FOUND)
    assert (rc, envelope["errors"][0]["code"]) == (4, "other-bundle")
    assert envelope["errors"][0]["found"] == f"bundle {'f' * 32}"
    assert has_state(host)
    host.require(["rm", "-r", FOUND])


def test_a_damaged_state(host):
    insert(host)
    host.put(b'{"schema": 1, "stage"', STATE, mode=0o600)
    rc, envelope = tool(host, "install", "--resume")
    assert (rc, envelope["errors"][0]["code"]) == (2, "resume-unreadable")
    assert "unreadable" in tool(host, "status")[1]["data"]["resume"]
    assert tool(host, "install", "--bundle", MEDIUM)[0] == 0
    assert not has_state(host)


def test_the_unit_waits_over_two_boots_and_then_goes_on(host, identity):
    remember(host, "automatic")
    for _ in range(2):
        host.restart()
        wait_until(host, f"journalctl -b -u {UNIT} | grep -q waiting")
        shown = console(host, until=f"systemctl stop {UNIT}")
        assert f"waiting for the medium with bundle {identity}" in shown
    second = host.exec([INSTALLED_TOOL, "install", "--resume", "--wait-for-medium"])
    assert second.rc == 5, second.stderr
    host.require(["systemctl", "stop", UNIT])
    assert unit_state(host) == ("inactive", "enabled")
    host.require(["systemctl", "start", UNIT])
    insert(host, at=FOUND)
    await_unit(host)
    console(host, until="The installation is complete.")
    assert unit_state(host) == ("inactive", "not-found")
    assert not has_state(host)


@pytest.mark.long
def test_it_says_every_minute_what_it_waits_for(host):
    remember(host, "automatic", rebooted=True)
    begun = time.monotonic()
    host.require(["systemctl", "start", UNIT])
    wait_until(host, f"[ $(grep -c 'waiting for the medium' {CONSOLE}) = 2 ]", seconds=170)
    assert time.monotonic() - begun > 55
    host.require(["systemctl", "stop", UNIT])


def test_an_operator_who_installs_meanwhile_is_left_alone(host):
    remember(host, "automatic", rebooted=True)
    host.require(["systemctl", "start", UNIT])
    assert tool(host, "install", "--bundle", SHELF)[0] == 0
    await_unit(host)
    console(host, until="Nothing is left to resume")
    assert unit_state(host) == ("inactive", "not-found")


def test_a_lock_that_is_held_at_boot_is_told_and_the_state_stays(host):
    remember(host, "automatic", rebooted=True)
    holder = ["systemd-run", "--quiet", "--collect", "--unit=test-holder"]
    host.require([*holder, "flock", "/run/graphistry-airgap/lock", "sleep", "infinity"])
    try:
        wait_until(host, "! flock -n /run/graphistry-airgap/lock true")
        insert(host)
        host.require(["systemctl", "start", UNIT])
        await_unit(host)
    finally:
        host.require(["systemctl", "stop", "test-holder.service"])
    shown = console(host, until="next: ")
    assert "another run holds the lock" in shown
    assert "exit code 5" in shown
    assert unit_state(host)[1] == "not-found"
    assert has_state(host)


def test_the_restart_waits_for_a_run_that_still_lives(host):
    remember(host, "automatic")
    boot = host.boot_id()
    run = ["systemd-run", "--scope", "--quiet", "--collect", "--unit=graphistry-airgap-run-test.scope"]
    begun = time.monotonic()
    host.require(["systemd-run", "--quiet", "--collect", *run, "sleep", "30"])
    schedule_restart(host)
    schedule_restart(host)  # asking twice is asking once
    host.await_reboot(timeout=180)
    assert time.monotonic() - begun >= 30
    assert host.boot_id() != boot


def test_without_a_state_it_does_not_restart(host):
    remember(host)
    schedule_restart(host)
    host.require(["rm", STATE])
    wait_until(host, "! systemctl is-active --quiet graphistry-airgap-restart.timer")
    time.sleep(3)
    assert host.exec(["systemctl", "is-system-running"]).stdout.strip() in {"running", "degraded"}


def test_nothing_tried_to_leave(host):
    assert host.egress().packets == ()
    controls = host.controls()
    assert all(controls.values()), controls
