"""Ubuntu's ready-made modules on a sealed host: a stand-in with the archive's names and empty packages.

Real: apt, dpkg, maintainer scripts, depmod, modinfo, initramfs.  Played: that the kernel is Ubuntu's and
runs, GPUs on the bus, what loading modules leads to, and the modules, which tell their version and no more.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.ubuntu import KERNEL, NEXT, UBUNTU
from lab.hosts.kernel_host import T4, WISHES, KernelHost
from lab.hosts.prepared_host import MEDIUM, RECEIPT, prepared, site_file
from lab.hosts.ubuntu_host import KERNEL_UBUNTU_IMAGE
from lab.repositories.ubuntu import DRIVER
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.faults.host_faults import content, unchanged
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "ubuntu-24.04"
# one that the archive has nothing for any more
GONE = "6.8.0-31-generic"
FOLDER = "kernel/nvidia-580srv-open"


@pytest.fixture(scope="module")
def host() -> Iterator[KernelHost]:
    """A server with a T4, a kernel that runs and a newer one that an update brought."""
    bundle = made_bundle(UBUNTU, "`python -m lab.bundles.ubuntu`")
    host = KernelHost("airgap-test-ubuntu-driver")
    boot = partial(host.boot, gpus=[T4], image=KERNEL_UBUNTU_IMAGE, mounts=[f"{bundle}:{MEDIUM}:ro"])
    with prepared(host, boot, keyring=UBUNTU / "trusted.gpg", site=site_file()) as booted:
        yield booted


@pytest.fixture(scope="module")
def installed(host: KernelHost) -> dict[str, Any]:
    expected = {"exit": 0, "loaded": DRIVER, "ready-made for": [KERNEL, NEXT]}
    with platform_step(PLATFORM, "driver", stand_in=True, expected=expected, variant="ready-made") as row:
        status, document = install(host, timeout=900)
        assert status == 0, json.dumps(document, indent=1)
        found = json.loads(host.read(RECEIPT))["driver"]
        row.got = {"exit": status, "loaded": found["loaded"], "ready-made for": found["prebuilt"]}
    row.require()
    return document


def again(host: KernelHost) -> tuple[int, dict[str, Any]]:
    return tool(host, "install", "--bundle", MEDIUM, timeout=900)


def by_code(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {error["code"]: error for error in document["errors"]}


def test_a_kernel_that_the_bundle_has_nothing_for_is_refused_with_those_that_it_has(host):
    with (
        content(host, f"/lib/modules/{GONE}/modules.dep", b""),
        content(host, f"{WISHES}/release", f"{GONE}\n".encode()),
    ):
        assert install(host)[0] == 3, "it brings the tool, which looks at the host"
        with unchanged(host):
            status, document = again(host)
    assert status == 3, json.dumps(document, indent=1)
    refused = by_code(document)["driver-headers-missing"]
    assert f"ready-made modules for {KERNEL}, {NEXT}" in refused["message"]
    assert f"boot {KERNEL}, which is installed, or build the bundle with" in refused["hint"]


def test_modules_come_ready_made_for_every_kernel_of_the_host(host, installed):
    found = json.loads(host.read(RECEIPT))["driver"]
    assert (found["action"], found["version"], found["variant"]) == ("install", DRIVER, "open")
    for kernel in (KERNEL, NEXT):
        said = host.require(["modinfo", "-F", "version", f"/lib/modules/{kernel}/{FOLDER}/nvidia-uvm.ko"])
        assert said.strip() == DRIVER
        assert f"{FOLDER}/nvidia.ko:" in host.read(f"/lib/modules/{kernel}/modules.dep").decode()


def test_nothing_to_build_with_came_along(host, installed):
    there = {line.split()[0] for line in snapshot(host)["packages"]}
    assert {f"linux-signatures-nvidia-{KERNEL}", "nvidia-headless-no-dkms-580-server-open"} <= there
    assert not {"dkms", "gcc", "nvidia-dkms-580-server-open", f"linux-headers-{KERNEL}"} & there
    assert "next-kernel-without-driver" not in json.dumps(installed)


def test_the_second_installation_changes_nothing(host, installed):
    before = snapshot(host)
    status, document = again(host)
    assert (status, document["data"]["changed"]) == (0, 0), json.dumps(document, indent=1)
    assert asked_alone(document)
    assert snapshot(host) == before


def test_modules_that_are_gone_beside_their_package_are_no_success(host, installed):
    host.require(["rm", f"/lib/modules/{NEXT}/{FOLDER}/nvidia-uvm.ko"])
    status, document = again(host)
    assert status == 1, json.dumps(document, indent=1)
    refused = by_code(document)["driver-modules-absent"]
    assert f"for kernel {NEXT} were installed, and not all of them are there" in refused["message"]
    host.require(["dpkg-reconfigure", f"linux-modules-nvidia-580-server-open-{NEXT}"])
    status, document = again(host)
    assert status == 0, json.dumps(document, indent=1)


def test_nothing_tried_to_leave(host, installed):
    assert host.egress().packets == ()
    assert all(host.controls().values())
