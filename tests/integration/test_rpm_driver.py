"""A driver from a bundle for rhel-9 on a host with dnf, a kernel on its disk and nouveau: over its reboot.

Real: dnf, rpm, dkms with its builds, dracut with its images (Debian's programs). Stand-ins: the driver's
packages, whose five modules are empty ones, the kernel (Debian's under a name of EL 9's), its running, the
GPU on the bus, and what loading the modules leads to.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.rpm import RPM_DRIVER
from lab.hosts.kernel_host import T4, WISHES, KernelHost
from lab.hosts.prepared_host import MEDIUM, RECEIPT, prepared, site_file
from lab.hosts.rpm_host import KERNEL, KERNEL_RPM_IMAGE, make_kernel_image
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.faults.host_faults import content
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "rhel-9"
VERSION = "580.95.05"
OTHER_KERNEL = "5.14.0-503.33.1.el9_5.x86_64"
MODULES = f"/lib/modules/{KERNEL}/extra"
IMAGE = f"/boot/initramfs-{KERNEL}.img"
BLACKLIST = "etc/modprobe.d/graphistry-airgap-nouveau.conf"
LOG = f"/var/lib/dkms/nvidia/{VERSION}/build/make.log"
MAKEFILE = "$(ls -d /usr/src/linux-headers-*-common)/Makefile"
DAEMON = "nvidia-persistenced.service"


@pytest.fixture(scope="module")
def host() -> Iterator[KernelHost]:
    """A template with a T4 that nouveau has; nothing has to get healthy on it."""
    mounts = [f"{made_bundle(RPM_DRIVER, '`python -m lab.bundles.rpm`')}:{MEDIUM}:ro"]
    make_kernel_image()
    host = KernelHost("airgap-test-rpm-driver")
    boot = partial(host.boot, gpus=[T4], nouveau=True, image=KERNEL_RPM_IMAGE, mounts=mounts)
    keyring, site = RPM_DRIVER / "trusted.gpg", site_file(purpose="template")
    with prepared(host, boot, keyring=keyring, site=site, password=None) as booted:
        yield booted


def again(host: KernelHost, *arguments: str) -> tuple[int, dict[str, Any]]:
    return tool(host, "install", *(arguments or ("--bundle", MEDIUM)), timeout=900)


def sh(host: KernelHost, script: str) -> str:
    return host.require(["sh", "-c", script])


def state(host: KernelHost) -> dict[str, Any]:
    """What an installation would change, but for the bytes of rpm's database, which readers touch, too."""
    places = f"/boot /lib/modules/{KERNEL} /usr/src /var/lib/dkms /etc/dkms"
    files = f"find {places} -printf '%p %y %s %T@ %l\\n' 2>/dev/null | LC_ALL=C sort; rpm -qa | LC_ALL=C sort"
    return {**snapshot(host), "files": sh(host, files).splitlines()}


def only(document: dict[str, Any]) -> dict[str, Any]:
    (error,) = document["errors"]
    assert error["hint"]
    return error


# ---- refused before anything changes -----------------------------------------------------------------------


def test_headers_of_another_kernel_are_refused(host):
    """Its own link to them is there and leads to nothing, as an EL kernel without kernel-devel has it."""
    folder = f"/lib/modules/{OTHER_KERNEL}"
    sh(host, f"mkdir {folder}; ln -s /usr/src/kernels/{OTHER_KERNEL} {folder}/build")
    with content(host, f"{WISHES}/release", f"{OTHER_KERNEL}\n".encode()):
        assert install(host)[0] == 3, "it brings Python and the tool, which look at the host"
        before = state(host)
        status, document = again(host)
        assert state(host) == before
    sh(host, f"rm -r {folder}")
    error = only(document)
    assert (status, error["code"]) == (3, "driver-headers-missing")
    assert (error["found"], error["needed"]) == (KERNEL, f"kernel-devel-{OTHER_KERNEL}, exactly")
    assert f"boot {KERNEL}" in error["hint"]


# ---- installed, up to the reboot ---------------------------------------------------------------------------


def test_a_build_that_fails_stops_no_package_and_says_why_and_where(host):
    """NVIDIA's package has DKMS build while it is installed, and goes on whatever comes of it."""
    sh(host, f"echo '$(error broken by a test)' >>{MAKEFILE}")
    status, document = again(host)
    sh(host, f"sed -i '$d' {MAKEFILE}")
    error = only(document)
    assert (status, error["code"], error["stage"]) == (1, "driver-build-failed", "driver")
    assert "*** broken by a test.  Stop." in error["message"]
    assert LOG in error["message"]
    assert "kmod-nvidia-open-dkms" in sh(host, "rpm -qa")
    assert host.exec(["test", "-e", "/etc/dkms/no-autoinstall"]).rc != 0


@pytest.fixture(scope="module")
def built(host):
    """The envelope of the run that asks for a reboot."""
    status, document = again(host)
    assert status == 10, json.dumps(document, indent=1)
    return document


def test_then_a_reboot_is_asked_for(host, built):
    error = only(built)
    assert error["code"] == "reboot-required"
    assert "nouveau still has the GPU" in error["message"]
    assert host.exec(["test", "-e", "/proc/driver/nvidia/version"]).rc != 0


def test_five_modules_are_built_where_el_s_dkms_puts_them(host, built):
    modules = sh(host, f"ls {MODULES}").split()
    assert len(modules) == 5
    versions = sh(host, f"for file in {MODULES}/*; do modinfo -F version $file; done").split()
    assert set(versions) == {VERSION}
    assert "installed" in sh(host, "dkms status")


def test_dracut_s_image_holds_the_blacklist_now_and_whenever_it_is_made_anew(host, built):
    assert BLACKLIST in sh(host, f"lsinitrd {IMAGE}")
    sh(host, f"dracut --force /root/later.img {KERNEL}")
    assert BLACKLIST in sh(host, "lsinitrd /root/later.img; rm /root/later.img")


def test_kernel_and_streams_are_those_that_were_there(host, built):
    assert sh(host, "rpm -q kernel-core").split() == [f"kernel-core-{KERNEL}"]
    assert sh(host, "rpm -q kernel-devel").split() == [f"kernel-devel-{KERNEL}"]
    assert sh(host, "ls /etc/dnf/modules.d") == "", "580-open is the default stream, which dnf would enable"


# ---- after the reboot --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resumed(host, built):
    expected = {"exit": 0, "driver": VERSION, "modules": "open"}
    with platform_step(PLATFORM, "driver", stand_in=True, expected=expected, variant="dkms") as row:
        host.restart()
        status, document = again(host, "--resume")
        assert status == 0, json.dumps(document, indent=1)
        driver = json.loads(host.read(RECEIPT))["driver"]
        row.got = {"exit": status, "driver": driver["loaded"], "modules": driver["variant"]}
    row.require()
    return driver


def test_the_driver_is_loaded_and_nouveau_is_not(host, resumed):
    assert VERSION in sh(host, "cat /proc/driver/nvidia/version")
    assert host.exec(["test", "-e", "/sys/module/nouveau"]).rc != 0
    assert sh(host, f"systemctl is-enabled {DAEMON}; systemctl is-active {DAEMON}").split() == [
        "enabled",
        "active",
    ]
    assert (resumed["action"], resumed["build"]["kernel"]) == ("install", KERNEL)


def test_again_changes_and_builds_nothing(host, resumed):
    before = state(host)
    with platform_step(PLATFORM, "second-run", stand_in=True, expected=0, variant="dkms") as row:
        status, document = again(host)
        assert status == 0, json.dumps(document, indent=1)
        row.got = document["data"]["changed"]
    row.require()
    assert asked_alone(document)
    assert state(host) == before


@pytest.mark.long
def test_what_is_lost_comes_back_without_a_second_build(host, resumed):
    built = f"ls -l --full-time /var/lib/dkms/nvidia/{VERSION}/{KERNEL}/x86_64/module"
    before = sh(host, built)
    sh(host, f"rm {MODULES}/nvidia-uvm.ko*; dracut --force --confdir /srv {IMAGE} {KERNEL}")
    assert BLACKLIST not in sh(host, f"lsinitrd {IMAGE}")
    status, document = again(host)
    assert status == 0, json.dumps(document, indent=1)
    assert document["data"]["changed"] == 2
    assert len(sh(host, f"ls {MODULES}").split()) == 5
    assert BLACKLIST in sh(host, f"lsinitrd {IMAGE}")
    assert sh(host, built) == before


def test_nothing_tried_to_leave(host, resumed):
    assert host.egress().packets == ()
    controls = host.controls()
    assert all(controls.values()), controls
