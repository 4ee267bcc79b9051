"""A driver that can be used only after a reboot: by hand, by itself, and when the reboot does not help.

Real: NVIDIA's packages from Debian, DKMS, systemd, the medium.  Played: the kernel, the GPU and nouveau
(`lab/kernel`).  The tests follow one host through its boots, so they run in this order.
"""

from __future__ import annotations

import json

import pytest
from demo_hosts import install, tool
from host_faults import wait_until
from resume_host import (
    DRIVER_SHELF,
    STATE,
    UNIT,
    await_unit,
    console,
    give_console,
    insert,
    unit_state,
)

from kernel_stand_in import T4, KernelHost, make_image
from prepared_host import MEDIUM, RECEIPT, SITE_FILE, place, site_file

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

STICK = "/mnt/stick"
LEFT = "ls -d /run/graphistry-airgap/*-run-* /opt/graphistry-airgap/.staging.*"
# Debian's driver is older than the release needs; what is tried here computes nothing
SITE = site_file(purpose="template") + "waive: [driver-range]\nreboot: {}\n"


@pytest.fixture(scope="module")
def host(driver_bundle):
    make_image()
    with KernelHost("airgap-test-resume-driver") as host:
        host.stop()
        host.boot(gpus=[T4], nouveau=True, mounts=[f"{driver_bundle.parent.parent}:/shelf:ro"])
        place(host, keyring=driver_bundle.parent / "trusted.gpg", site=SITE.format("manual"), password=None)
        insert(host, DRIVER_SHELF)
        give_console(host)
        yield host


def receipt(host):
    return json.loads(host.read(RECEIPT))


def has_state(host):
    return host.exec(["test", "-e", STATE]).rc == 0


def is_loaded(host):
    return host.exec(["test", "-e", "/proc/driver/nvidia/version"]).rc == 0


def test_nouveau_in_use_ends_with_10_and_leaves_nothing_temporary(host):
    rc, envelope = install(host, timeout=3000)
    assert rc == 10, json.dumps(envelope, indent=1)
    assert envelope["data"]["reboot"] == "manual"
    assert [stage["stage"] for stage in envelope["data"]["stages"]] == ["preflight", "repository", "driver"]
    assert not any(stage["failed"] for stage in envelope["data"]["stages"])
    assert "nouveau" in envelope["errors"][0]["message"]
    assert "install --resume" in envelope["errors"][0]["hint"]
    assert receipt(host)["complete"] is False
    assert receipt(host)["reboot_required"]["stage"] == "driver"
    assert host.require(["stat", "-c", "%a", STATE]).strip() == "600"
    assert host.exec(["sh", "-c", LEFT]).stdout == ""
    assert host.exec(["flock", "-n", "/run/graphistry-airgap/lock", "true"]).rc == 0
    assert host.exec(["test", "-e", f"/etc/systemd/system/{UNIT}"]).rc == 1


def test_status_says_that_a_reboot_is_due(host):
    rc, status = tool(host, "status")
    assert (rc, status["errors"][0]["code"]) == (1, "incomplete")
    assert status["data"]["resume"]["reboot_due"] is True


def test_resume_before_the_reboot_does_nothing(host):
    before = host.read(RECEIPT), host.read(STATE)
    assert tool(host, "install", "--resume")[0] == 10
    assert (host.read(RECEIPT), host.read(STATE)) == before


def test_automatic_reboots_waits_for_the_medium_and_goes_on(host):
    host.put(SITE.format("automatic").encode(), SITE_FILE)
    rc, envelope = install(host)
    assert (rc, envelope["data"]["reboot"]) == (10, "automatic"), json.dumps(envelope, indent=1)
    assert unit_state(host)[1] == "enabled"
    console(host)
    host.await_reboot()
    wait_until(host, f"journalctl -b -u {UNIT} | grep -q 'waiting for the medium'", timeout=90)
    assert is_loaded(host)
    insert(host, DRIVER_SHELF, at=STICK)
    await_unit(host, timeout=900)
    shown = console(host)
    assert "waiting for the medium with bundle" in shown
    assert "The installation is complete." in shown
    assert unit_state(host)[1] == "not-found"
    assert not has_state(host)
    assert receipt(host)["complete"] is True
    assert receipt(host)["resumed"] == {"stage": "driver", "reboots": {"driver": 1}, "site_changed": False}


def test_again_changes_nothing(host):
    rc, envelope = tool(host, "install", "--bundle", STICK)
    assert (rc, envelope["data"]["changed"]) == (0, 0), json.dumps(envelope, indent=1)


def test_a_reboot_that_does_not_help_is_the_last(host):
    host.put(SITE.format("manual").encode(), SITE_FILE)
    host.wish("modprobe-fails", on=True)
    host.restart()
    insert(host, DRIVER_SHELF)
    assert tool(host, "install", "--bundle", MEDIUM)[0] == 10
    host.restart()
    insert(host, DRIVER_SHELF)
    rc, envelope = tool(host, "install", "--resume")
    assert (rc, envelope["errors"][0]["code"]) == (1, "reboot-without-effect"), json.dumps(envelope, indent=1)
    assert "journalctl" in envelope["errors"][0]["hint"]
    assert envelope["data"]["stages"][-1]["failed"] is True
    assert has_state(host)


def test_with_the_cause_mended_and_a_changed_site_file_it_goes_on_and_says_so(host):
    host.wish("modprobe-fails", on=False)
    host.restart()
    insert(host, DRIVER_SHELF, at=STICK)
    host.put(SITE.format("automatic").encode(), SITE_FILE)
    rc, envelope = tool(host, "install", "--resume")
    assert rc == 0, json.dumps(envelope, indent=1)
    assert "site file" in envelope["messages"][0]
    assert receipt(host)["resumed"]["site_changed"] is True
    assert not has_state(host)


def test_nothing_tried_to_leave(host):
    assert host.egress().packets == ()
    controls = host.controls()
    assert all(controls.values()), controls
