"""DGX OS, a stand-in: Ubuntu 24.04 with NVIDIA's file that says so, and a driver, Docker and toolkit already.

They come from the lab's Ubuntu archive, Docker under an older version than the bundle's, which any other
Ubuntu would be brought up to.  What is shown: nothing of them is touched, and everything else is installed.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.ubuntu import KERNEL, UBUNTU
from lab.hosts.kernel_host import T4, KernelHost
from lab.hosts.prepared_host import MEDIUM, RECEIPT, prepared, site_file
from lab.hosts.ubuntu_host import KERNEL_UBUNTU_IMAGE
from lab.repositories.ubuntu import DRIVER
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.faults.changed_packages import under_version
from tests.kit.faults.host_faults import unchanged
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool
from tests.kit.hosts.platform_hosts import require_agreement, require_silence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

VERSION, SERIAL = "7.2.0", "1570000000000"
FILE = f"""\
DGX_NAME="DGX Server"
DGX_PRETTY_NAME="NVIDIA DGX Server"
DGX_SWBUILD_VERSION="7.0.2"
DGX_OTA_VERSION="{VERSION}"
DGX_SERIAL_NUMBER="{SERIAL}"
"""
OF_NVIDIA = ("docker", "toolkit", "driver", f"driver-open-{KERNEL}")
OLDER = "24.0.7-0ubuntu2~24.04.1"
# what a server has already, or what runs DGX OS's own Python
STOCK = {"adduser", "iptables", "libffi8", "libpython3-stdlib", "libseccomp2", "netbase", "python3"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelHost]:
    """As it is after its first boot, Docker stopped."""
    bundle = made_bundle(UBUNTU, "`python -m lab.bundles.ubuntu`")
    host = KernelHost("airgap-test-dgx")
    boot = partial(host.boot, gpus=[T4], image=KERNEL_UBUNTU_IMAGE, mounts=[f"{bundle}:{MEDIUM}:ro"])
    with prepared(host, boot, keyring=UBUNTU / "trusted.gpg", site=site_file()) as booted:
        for number, package in enumerate(packages(bundle, tmp_path_factory.mktemp("dgx"))):
            booted.put(package, f"/root/dgx/{number}.deb")
        booted.require(["sh", "-c", "dpkg -i /root/dgx/*.deb && rm -r /root/dgx"], timeout=300)
        booted.put(FILE.encode(), "/etc/dgx-release")
        booted.restart()
        booted.require(["systemctl", "stop", "docker.socket", "docker"])
        yield booted


def packages(bundle: Path, work: Path) -> list[Path]:
    groups = json.loads((bundle / "bundle.json").read_bytes())["platforms"]["ubuntu-24.04"]["packages"]
    names = {one["name"] for group in OF_NVIDIA for one in groups[group]} - STOCK
    paths = {name: next((bundle / "packages").rglob(f"{name}_*.deb")) for name in sorted(names)}
    return [under_version(work, paths.pop("docker.io"), OLDER), *paths.values()]


@pytest.fixture(scope="module")
def refused(host: KernelHost) -> dict[str, Any]:
    """The first run brings the tool, the second changes nothing."""
    assert install(host)[0] == 3
    with unchanged(host):
        status, document = tool(host, "install", "--bundle", MEDIUM)
    assert status == 3
    found: dict[str, Any] = document
    return found


@pytest.fixture(scope="module")
def before(host: KernelHost, refused: dict[str, Any]) -> dict[str, list[str]]:
    host.require(["systemctl", "start", "docker"])
    return snapshot(host)


@pytest.fixture(scope="module")
def installed(host: KernelHost, before: dict[str, list[str]]) -> dict[str, Any]:
    status, document = install(host, timeout=900)
    assert status == 0, json.dumps(document, indent=1)
    return document


def test_a_docker_that_does_not_run_is_theirs_to_start(refused):
    (error,) = refused["errors"]
    assert error["code"] == "dgx-incomplete"
    assert f"DGX OS {VERSION} has no running Docker" in error["message"]
    assert "systemctl start docker" in error["hint"]


def test_no_package_of_theirs_is_touched_and_none_is_added(host, before, installed):
    assert snapshot(host)["packages"] == before["packages"]
    assert any(line.startswith(f"docker.io amd64 {OLDER} ") for line in before["packages"])
    receipt = json.loads(host.read(RECEIPT))
    assert receipt["packages"] == []
    assert receipt["driver"]["action"] == "leave"
    assert DRIVER in host.read("/proc/driver/nvidia/version").decode()
    (said,) = [one for one in installed["data"]["findings"] if one["code"] == "dgx-left-alone"]
    assert f"DGX OS {VERSION}" in said["message"]


def test_the_rest_is_installed(host, installed):
    assert installed["data"]["checks"]["failed"] == 0
    require_agreement(host)


def test_the_machine_s_number_is_nobody_s(host, installed):
    """It stands in NVIDIA's file, and in none of ours."""
    assert SERIAL not in json.dumps(installed)
    ours = "/etc/graphistry-airgap /var/lib/graphistry-airgap /opt/graphistry-airgap /var/graphistry"
    assert host.exec(["sh", "-c", f"grep -rlF {SERIAL} {ours}"]).stdout == ""


def test_the_second_installation_changes_nothing(host, installed):
    before = snapshot(host)
    status, document = tool(host, "install", "--bundle", MEDIUM, timeout=900)
    assert (status, document["data"]["changed"]) == (0, 0), json.dumps(document, indent=1)
    assert asked_alone(document)
    assert snapshot(host) == before


def test_nothing_tried_to_leave(host, installed):
    require_silence(host)
