#!/usr/bin/env python3
"""The demo's release for hosts with EL 9, from the stand-in dnf repositories: `build/rpm/`.

And the same with a driver: `build/rpm-driver/`.

Docker and Compose are Debian 13's and the interpreter is Debian 12's, out of the bundles that the demo and
Debian 12's tests are made with.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from debian_12_bundle import DEBIAN_12, build_debian_12_bundle
from demo_bundle import BUILD, DEMO, DemoError, build_bundle, release_spec, say
from rpm_host import KERNEL
from rpm_repositories import RpmRepositoryError, build

if TYPE_CHECKING:
    from pathlib import Path

RPM = BUILD / "rpm"
PLATFORM = """\
  rhel-9:
    repositories:
      # Stand-ins: the vendors' repositories are not to be had here.
      - name: el9
        uri: file:repository/el9
        gpg_keys: [repository/key.asc]
      - name: docker
        uri: file:repository/docker
        gpg_keys: [repository/key.asc]
      - name: nvidia
        uri: file:repository/nvidia
        gpg_keys: [repository/key.asc]
    modules: ["nvidia-driver:580-open"]
"""


RPM_DRIVER = BUILD / "rpm-driver"
DRIVER = f"""\
    driver:
      branch: "580"
      modules: [open]
      kernels: ["{KERNEL}"]
"""


def build_rpm_bundle() -> None:
    """Repositories, and the bundle from them; what is unchanged is kept."""
    RPM.mkdir(parents=True, exist_ok=True)
    build_debian_12_bundle()
    say("rpm repositories")
    pools = [DEMO / "bundle" / "packages" / "debian-13", DEBIAN_12 / "bundle" / "packages" / "debian-12"]
    build(RPM / "repository", pools)
    _bundle(RPM, PLATFORM)


def build_rpm_driver_bundle() -> None:
    """The same with NVIDIA's driver for the kernel of the lab's rpm host with one."""
    RPM_DRIVER.mkdir(parents=True, exist_ok=True)
    _bundle(RPM_DRIVER, PLATFORM.replace("repository/", "../rpm/repository/") + DRIVER)


def _bundle(folder: Path, platform: str) -> None:
    """Spec, bundle and the demo's keyring."""
    spec = folder / "rhel.bundle.yml"
    spec.write_text(release_spec(spec) + platform, encoding="utf-8")
    build_bundle(spec, folder / "bundle")
    shutil.copyfile(DEMO / "trusted.gpg", folder / "trusted.gpg")


if __name__ == "__main__":
    try:
        build_rpm_bundle()
        build_rpm_driver_bundle()
    except (DemoError, RpmRepositoryError) as problem:
        sys.exit(f"rpm bundle: {problem}")
