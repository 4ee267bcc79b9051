"""NVIDIA's real driver packages on a host where every step dies once; then reboots, by hand and automatic.

Real: packages, headers, DKMS and its build, initramfs. Played by the lab (`lab/hosts/kernel`): that the
kernel on the disk runs, GPUs on the bus, and what loading the modules leads to. The undisturbed host to
compare with is the one of molecule's scenario `driver`, so that DKMS builds once here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.kernel_host import T4, WISHES
from lab.hosts.prepared_host import INSTALLED_TOOL, MEDIUM, RECEIPT
from tests.kit.faults.host_faults import content, unchanged, wait_until
from tests.kit.faults.killed_runs import kill_when
from tests.kit.hosts.demo_hosts import asked_alone, install, tool
from tests.kit.hosts.driver_hosts import copied, driver_host, driver_site, driver_state, undisturbed_state
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.hosts.kernel_host import KernelHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

VERSION = "550.163.01"
STATE = "/var/lib/graphistry-airgap"
BY_SCRIPT = ["sh", f"{MEDIUM}/install.sh", "--json"]
BY_TOOL = [INSTALLED_TOOL, "--json", "install", "--bundle", MEDIUM]
DKMS = "/var/lib/dkms/nvidia-current"
LOG = f"{DKMS}/{VERSION}/build/make.log"
OTHER_KERNEL = "6.12.99+deb13-cloud-amd64"
MAKEFILE = "$(ls -d /usr/src/linux-headers-*-common)/Makefile"
BLACKLIST = "/etc/modprobe.d/graphistry-airgap-nouveau.conf"
SNAPSHOT = "airgap-test/driver-built"
UNIT = "graphistry-airgap-resume.service"


@pytest.fixture(scope="module")
def host() -> Iterator[KernelHost]:
    """A server with a T4 that nouveau has."""
    with driver_host("driver", gpus=[T4], nouveau=True, site=driver_site()) as made:
        yield made


@pytest.fixture(scope="module")
def built(host: KernelHost) -> Iterator[str]:
    """An image of the host once its driver is installed."""
    with copied(host, SNAPSHOT) as image:
        yield image


def errors(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {error["code"]: error for error in document["errors"]}


def again(host: KernelHost, timeout: int = 1500) -> tuple[int, dict[str, Any]]:
    return tool(host, "install", "--bundle", MEDIUM, timeout=timeout)


def receipt(host: KernelHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(RECEIPT))
    return found


def modules(host: KernelHost) -> list[str]:
    return host.exec(["sh", "-c", "ls /lib/modules/$(uname -r)/updates/dkms"]).stdout.split()


# ---- refused before anything changes -----------------------------------------------------------------------


def test_headers_of_another_kernel_and_a_second_driver_are_refused(host):
    """The kernel that runs has no headers in the bundle, and a .run driver is there."""
    running = host.read("/proc/sys/kernel/osrelease").decode()
    with (
        content(host, "/usr/bin/nvidia-uninstall", b"#!/bin/sh\n"),
        content(host, f"/lib/modules/{OTHER_KERNEL}/modules.dep", b""),
        content(host, f"{WISHES}/release", f"{OTHER_KERNEL}\n".encode()),
    ):
        assert install(host)[0] == 3, "it brings Python and the tool, which look at the host"
        with unchanged(host):
            status, document = again(host)
    found = errors(document)
    assert status == 3, json.dumps(document, indent=1)
    assert host.read("/proc/sys/kernel/osrelease").decode() == running
    assert {"driver-headers-missing", "driver-runfile"} <= found.keys()
    assert OTHER_KERNEL in found["driver-headers-missing"]["message"]
    assert running.strip() in found["driver-headers-missing"]["message"]


# ---- one fault after the other -----------------------------------------------------------------------------


def test_killed_while_dpkg_unpacks(host):
    kill_when(host, f"[ -d /usr/src/nvidia-current-{VERSION} ]", BY_SCRIPT, timeout=900)
    assert host.exec(["dpkg", "--audit"]).stdout
    assert modules(host) == []


def test_killed_while_dkms_builds(host):
    """The packages are whole by then: DKMS's turn comes after the transaction."""
    kill_when(host, f"[ $(wc -l <{LOG}) -gt 60 ]", BY_TOOL, timeout=900)
    assert host.exec(["dpkg", "--audit"]).stdout == ""
    assert host.exec(["test", "-e", "/etc/dkms/no-autoinstall"]).rc != 0
    assert modules(host) == []


def test_a_build_that_fails_says_why_and_where(host):
    host.require(["sh", "-c", f"echo '$(error broken by a test)' >>{MAKEFILE}"])
    status, document = again(host)
    host.require(["sh", "-c", f"sed -i '$d' {MAKEFILE}"])
    error = errors(document)["driver-build-failed"]
    assert (status, error["stage"]) == (1, "driver")
    assert "*** broken by a test.  Stop." in error["message"]
    assert LOG in error["message"]
    assert host.exec(["test", "-f", LOG]).rc == 0
    assert host.exec(["dpkg", "--audit"]).stdout == ""


def test_a_full_disk_is_named(host):
    host.require(["mount", "-t", "tmpfs", "-o", "size=20m", "full", "/var/lib/dkms"])
    status, document = again(host)
    # a helper of DKMS outlives it by some seconds
    wait_until(host, "umount /var/lib/dkms")
    error = errors(document)["driver-build-failed"]
    assert (status, error["stage"]) == (1, "driver")
    assert "the disk of /var/lib/dkms" in error["message"]
    assert "is full" in error["message"]
    assert "No space left on device" in error["message"]


def test_killed_between_blacklist_and_initramfs(host):
    """Whoever looked at the blacklist alone would think that the boot is prepared."""
    kill_when(host, f"[ -e {BLACKLIST} ]", BY_TOOL, timeout=1500)
    assert len(modules(host)) == 5
    image = "/boot/initrd.img-$(uname -r)"
    assert host.exec(["sh", "-c", f"lsinitramfs {image} | grep -q {BLACKLIST[1:]}"]).rc != 0


def test_then_a_reboot_is_asked_for_and_only_once(host):
    status, document = again(host)
    error = errors(document)["reboot-required"]
    assert status == 10, json.dumps(document, indent=1)
    assert "nouveau still has the GPU" in error["message"]
    assert len(modules(host)) == 5
    boot = host.boot_id()
    for arguments in (["install", "--bundle", MEDIUM], ["install", "--resume"]):
        status, document = tool(host, *arguments)
        assert (status, "reboot-required" in errors(document)) == (10, True)
    assert host.boot_id() == boot
    assert host.exec(["test", "-e", "/var/graphistry/current"]).rc != 0


def test_the_state_is_that_of_an_undisturbed_host(host):
    disturbed, calm = set(driver_state(host)), set(undisturbed_state())
    assert (sorted(disturbed - calm), sorted(calm - disturbed)) == ([], [])


# ---- the reboot --------------------------------------------------------------------------------------------


def test_a_power_cut_serves_as_the_reboot_and_resume_goes_to_the_end(host, built):
    expected = {"exit": 0, "driver": VERSION, "modules": "proprietary"}
    with platform_step("debian-13", "driver", stand_in=True, expected=expected, variant="dkms") as row:
        host.power_cut()
        assert f"  {VERSION}  " in host.read("/proc/driver/nvidia/version").decode()
        status, document = tool(host, "install", "--resume", timeout=900)
        assert status == 0, json.dumps(document, indent=1)
        driver = receipt(host)["driver"]
        row.got = {"exit": status, "driver": driver["loaded"], "modules": driver["variant"]}
    row.require()
    assert document["data"]["checks"]["failed"] == 0
    assert host.exec(["test", "-e", f"{STATE}/resume.json"]).rc != 0
    assert host.require(["systemctl", "is-active", "nvidia-persistenced.service"]).strip() == "active"


def test_the_receipt_tells_what_was_done_and_how_long_it_took(host):
    found = receipt(host)
    assert found["complete"] is True
    driver = found["driver"]
    assert (driver["action"], driver["version"], driver["variant"]) == ("install", VERSION, "proprietary")
    assert driver["loaded"] == VERSION
    assert driver["build"]["seconds"] > 10
    assert len(driver["build"]["modules"]) == 5
    names = {row["name"] for row in found["packages"]}
    assert "nvidia-kernel-dkms" in names
    assert not [name for name in names if name.startswith("linux-image")]


def test_a_second_run_changes_nothing_and_builds_nothing(host):
    before = host.read(RECEIPT)
    status, document = again(host)
    assert (status, document["data"]["changed"]) == (0, 0)
    assert asked_alone(document)
    assert host.read(RECEIPT) == before


def test_a_reboot_that_nobody_has_to_stay_for(host, built):
    """A host of its own with the driver built: something else has its GPU until the reboot."""
    # two stacks at once are more than a small machine carries
    host.require(["systemctl", "stop", "docker.socket", "docker"])
    with driver_host("driver-auto", gpus=[], site=driver_site("reboot: automatic\n"), image=built) as auto:
        # the copy is of a host that waits for its reboot; this one asks for its own
        auto.require(["rm", "-f", f"{STATE}/resume.json"])
        auto.hold_gpus()
        auto.plug(gpus=[T4])
        boot = auto.boot_id()
        status, document = again(auto)
        assert status == 10, json.dumps(document, indent=1)
        auto.await_reboot()
        assert auto.boot_id() != boot
        wait_until(auto, f"[ ! -e {STATE}/resume.json ]", seconds=1200)
        wait_until(auto, f"! systemctl is-active --quiet {UNIT}", seconds=120)
        found = receipt(auto)
        assert (found["complete"], found["driver"]["loaded"]) == (True, VERSION)
        assert auto.exec(["systemctl", "cat", UNIT]).rc != 0
        assert auto.egress().packets == ()


def test_a_reboot_that_does_not_help_is_the_only_one(built):
    """The copy waits for a reboot, and has booted since; its modules still cannot be loaded."""
    with driver_host("driver-stuck", gpus=[], site=driver_site(), image=built) as stuck:
        stuck.wish("modprobe-fails", on=True)
        stuck.plug(gpus=[T4])
        status, document = tool(stuck, "install", "--resume")
        error = errors(document)["reboot-without-effect"]
        assert status == 1, json.dumps(document, indent=1)
        assert "journalctl" in error["hint"]
        assert document["data"]["stages"][-1]["failed"] is True
        assert stuck.exec(["test", "-e", f"{STATE}/resume.json"]).rc == 0


def test_nothing_tried_to_leave(host):
    assert host.egress().packets == ()
