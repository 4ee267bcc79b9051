"""Debian 12 beside Debian 13: one bundle for both, and what is different on a sealed Debian 12.

Its Docker is Debian's own 20.10, which reads gzip layers only; the compose plugin is a stand-in.
"""

from __future__ import annotations

import json
import lzma
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.debian_12 import DEBIAN_12
from lab.hosts.prepared_host import SITE_FILE, site_file
from tests.kit.bundles.bundle_steps import try_bundle
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import install, snapshot, tool
from tests.kit.hosts.platform_hosts import install_again_as_row, install_as_row, restart_as_row

if TYPE_CHECKING:
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "debian-12"
OTHER = "debian-13"
IMAGE = "airgap-lab/debian-12"
STATE = "/var/lib/graphistry-airgap"
SETTINGS = """\
schema: 1
purpose: server
docker: {{image_store: {store}, address_pools: [{{base: {base}, size: 24}}], allow_restart: true}}
administrator: {{secret_file: /etc/graphistry-airgap/administrator.yml}}
"""


@dataclass(frozen=True)
class Installed:
    host: SealedHost
    before: dict[str, list[str]] = field(repr=False)
    envelope: dict[str, Any] = field(repr=False)

    def sh(self, script: str) -> str:
        return self.host.require(["sh", "-c", script], timeout=120)


def pythons(host: SealedHost) -> list[str]:
    """The Python of each runtime that was made on the host."""
    return host.require(["sh", "-c", "ls -1 /opt/graphistry-airgap/runtimes/*/lib"]).split()


@pytest.fixture(scope="module")
def platform_bundle() -> Path:
    return made_bundle(DEBIAN_12, "`python -m lab.bundles.debian_12`")


@pytest.fixture(scope="module")
def manifest(platform_bundle):
    return json.loads((platform_bundle / "bundle.json").read_bytes())


@pytest.fixture(scope="module")
def installed(sealed_host, platform_bundle):
    host = sealed_host("debian-12", bundle=platform_bundle, image=IMAGE)
    before = snapshot(host)
    return Installed(host, before, install_as_row(PLATFORM, host))


def test_the_bundle_resolves_is_built_again_and_verifies(platform_bundle):
    scratch = DEBIAN_12.parent / "tests" / "debian-12"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    spec, keyring = DEBIAN_12 / "debian-12.bundle.yml", DEBIAN_12 / "trusted.gpg"
    try_bundle(PLATFORM, spec, platform_bundle, keyring, scratch, stand_in=True)
    shutil.rmtree(scratch)


def test_the_stand_in_for_the_compose_plugin_says_so(platform_bundle):
    (index,) = platform_bundle.glob("packages/debian-12/nvidia/dists/stable/main/*/Packages.xz")
    with lzma.open(index, "rt") as listed:
        assert "STAND-IN for Docker's compose plugin" in listed.read()


def test_layers_are_what_both_dockers_read(manifest, platform_bundle):
    """Debian 13's Docker reads zstd, Debian 12's does not."""
    for image in manifest["images"]:
        digest = image["manifest"]["digest"].removeprefix("sha256:")
        layers = json.loads((platform_bundle / "images/blobs/sha256" / digest).read_bytes())["layers"]
        assert {layer["mediaType"].rpartition("+")[2] for layer in layers} == {"gzip"}


def test_the_host_is_a_bare_debian_12(installed):
    assert installed.sh("cat /etc/debian_version").startswith("12.")
    held = {line.split()[0] for line in installed.before["packages"]}
    assert not held & {"python3", "docker.io", "docker-compose-plugin"}
    assert installed.sh("docker version -f '{{.Server.Version}}'").startswith("20.10.")


def test_the_host_took_its_own_platforms_part_alone(installed, manifest):
    wanted = manifest["platforms"][PLATFORM]["packages"]
    versions = {package["name"]: package["version"] for group in wanted.values() for package in group}
    taken = {
        row["name"]: row["to"] for row in json.loads(installed.host.read(f"{STATE}/receipt.json"))["packages"]
    }
    assert taken.items() <= versions.items()
    sources = installed.sh(f"cat {STATE}/apt/sources.list")
    assert f"packages/{PLATFORM}/" in sources
    assert f"packages/{OTHER}/" not in sources
    assert pythons(installed.host) == ["python3.11"]


def test_the_images_have_the_vendors_ids(installed, manifest):
    names = [image["name"] for image in manifest["images"]]
    found = json.loads(installed.sh(f"docker image inspect {' '.join(names)}"))
    assert [image["Id"] for image in found] == [image["config"] for image in manifest["images"]]


def test_the_second_installation_changes_nothing(installed):
    install_again_as_row(PLATFORM, installed.host)


def test_status_agrees(installed):
    rc, status = tool(installed.host, "status")
    assert rc == 0
    assert {row["health"] for row in status["data"]["services"]} == {"healthy"}


def test_the_containerd_store_is_refused_before_any_change(installed):
    """Docker 20.10 ignores the setting without a word."""
    before = snapshot(installed.host)
    site = SETTINGS.format(store="containerd", base="172.30.0.0/16")
    installed.host.put(site.encode(), SITE_FILE)
    rc, envelope = install(installed.host)
    assert (rc, [error["code"] for error in envelope["errors"]]) == (3, ["image-store-unknown"])
    assert snapshot(installed.host) == before


@pytest.mark.long
def test_what_needs_a_restart_and_what_needs_a_reload_takes_effect(installed):
    """Address pools are read at the start only, live-restore by a reload; a site may set it otherwise."""
    installed.host.put(SETTINGS.format(store="classic", base="172.30.0.0/16").encode(), SITE_FILE)
    rc, envelope = install(installed.host)
    assert rc == 0, json.dumps(envelope, indent=1)
    pools = json.loads(installed.sh("docker info -f '{{json .DefaultAddressPools}}'"))
    assert pools == [{"Base": "172.30.0.0/16", "Size": 24}]
    installed.sh('sed -i \'s/"live-restore": true/"live-restore": false/\' /etc/docker/daemon.json')
    started = installed.sh("systemctl show -p ExecMainStartTimestampMonotonic docker")
    rc, envelope = install(installed.host)
    assert rc == 0, json.dumps(envelope, indent=1)
    assert envelope["data"]["changed"] > 0
    assert installed.sh("docker info -f '{{.LiveRestoreEnabled}}'") == "false\n"
    assert installed.sh("systemctl show -p ExecMainStartTimestampMonotonic docker") == started


def test_nothing_tried_to_leave(installed):
    assert installed.host.egress().packets == ()
    controls = installed.host.controls()
    assert set(controls) == {"address", "name", "container"}
    assert all(controls.values()), controls


@pytest.mark.long
def test_a_debian_13_host_takes_the_other_part_of_the_same_bundle(sealed_host, platform_bundle, manifest):
    """A template: packages, images and release, without starting the services once more."""
    host = sealed_host("both-13", bundle=platform_bundle, site=site_file(purpose="template"), password=None)
    rc, envelope = install(host)
    assert rc == 0, json.dumps(envelope, indent=1)
    assert pythons(host) == ["python3.13"]
    wanted = manifest["platforms"][OTHER]["packages"]
    versions = {package["name"]: package["version"] for group in wanted.values() for package in group}
    taken = {row["name"]: row["to"] for row in json.loads(host.read(f"{STATE}/receipt.json"))["packages"]}
    assert taken.items() <= versions.items()


@pytest.mark.long
def test_it_comes_back_after_a_restart(installed):
    restart_as_row(PLATFORM, installed.host)
