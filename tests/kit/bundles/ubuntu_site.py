"""A connected machine's directory for bundles of Ubuntu 24.04: an archive of its shape, NVIDIA's repository.

Names and dependencies are the lab's (`lab.repositories.ubuntu_driver`); the packages are any bytes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from graphistry_airgap.connected.release.source import release_digest
from lab.repositories import ubuntu_driver
from tests.kit.bundles.apt_repository import AptRepository
from tests.kit.bundles.build_site import BuildSite
from tests.kit.bundles.small_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

KERNEL, BUILD = "6.8.0-45-generic", "6.8.0-45.45"
FIPS = "6.8.0-45-fips"
BOTH = ("open", "proprietary")
SPEC = """\
schema: 1
release: {{path: release, sha256: {digest}}}
platforms:
  ubuntu-24.04:
    repositories:
      - {{name: ubuntu, uri: "file:ubuntu", suite: noble, components: [main], signed_by: ubuntu/key.gpg}}
"""
NVIDIA = """\
      - {name: nvidia, uri: "file:nvidia", suite: /, components: [], signed_by: nvidia/key.gpg}
"""
BASE = {
    "base-files": "libc6",
    "libc6": "",
    "python3": "",
    "docker.io": "",
    "docker-compose-v2": "",
    "iptables": "",
    "nvidia-container-toolkit": "",
    "adduser": "",
    "gcc": "",
    "dkms": "gcc",
}


class UbuntuSite(BuildSite):
    def __init__(self, path: Path, keys: Keys) -> None:
        self.path, self.keys = path, keys
        self.repository = AptRepository(path / "ubuntu", keys, suite="noble")
        for name, depends in BASE.items():
            self.repository.add(name, "9.0", depends=depends, required=name == "base-files")
        self.add(ubuntu_driver.kernel_packages(KERNEL, BUILD))
        self.add(ubuntu_driver.kernel_packages(FIPS, BUILD))
        self.add([ubuntu_driver.signatures(KERNEL, BUILD)])
        self.release = write_release(path / "release")
        self.pin()

    def pin(self) -> None:
        digest = release_digest(self.release)
        (self.path / "demo.bundle.yml").write_text(SPEC.format(digest=digest), encoding="utf-8")

    def want(self, more: str) -> None:
        self.pin()
        with (self.path / "demo.bundle.yml").open("a", encoding="utf-8") as spec:
            spec.write(more)

    def add(self, rows: Iterable[dict[str, str]], to: AptRepository | None = None) -> None:
        for row in rows:
            (to or self.repository).add(row["name"], row["version"], depends=row.get("depends", ""))

    def add_server_driver(self, version: str, kinds: Iterable[str] = BOTH, *, kernel: str = KERNEL) -> None:
        """Ubuntu's packages of a driver, with modules ready-made for one kernel unless that is empty."""
        branch, kinds = version.partition(".")[0], tuple(kinds)
        self.add(ubuntu_driver.server_driver(branch, version, kinds))
        if kernel:
            self.add(ubuntu_driver.ready_made(branch, version, kinds, kernel, BUILD))

    def add_vendor(self, *versions: str, origin: str = "NVIDIA") -> None:
        """NVIDIA's repository, with drivers of these versions."""
        vendor = AptRepository(self.path / "nvidia", self.keys, flat=True)
        for version in versions:
            self.add(ubuntu_driver.vendor_driver(version, BOTH), vendor)
        vendor.publish(extra=f"Origin: {origin}\n")

    def publish(self, origin: str = "Ubuntu") -> None:
        self.repository.publish(extra=f"Origin: {origin}\n")

    def platform(self) -> dict:
        """What bundle.json says of it."""
        return json.loads((self.path / "out/bundle.json").read_bytes())["platforms"]["ubuntu-24.04"]
