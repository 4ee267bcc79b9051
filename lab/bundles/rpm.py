"""The demo's release for hosts with EL 9, from the stand-in dnf repositories: `build/rpm/`.

And the same with a driver: `build/rpm-driver/`; for EL 8: `build/rpm-8/`; for EL 10: `build/rpm-10/`.

Docker and Compose are Debian 13's, out of the demo's bundle; the interpreter is a CPython of this machine.
Where it has none of that version, no bundle is made, and what needs it was not tried.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from lab.bundles.demo import BUILD, DEMO, DemoError, build_bundle, need_demo_bundle, release_spec, say
from lab.hosts.rpm_host import KERNEL, KERNEL_10, make_el8_image, make_el10_image
from lab.repositories.cpython import NoCPythonError, make_debs
from lab.repositories.making import RepositoryError
from lab.repositories.rpm import build

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
RPM_8 = BUILD / "rpm-8"
RPM_10 = BUILD / "rpm-10"
DRIVER = f"""\
    driver:
      branch: "580"
      modules: [open]
      kernels: ["{KERNEL}"]
"""
# of the hosts' kernel the bundle brings what Docker needs of each, and headers
DRIVER_10 = f"""\
    kernels: ["{KERNEL_10}"]
    driver:
      branch: "580"
      modules: [open]
"""


def build_rpm_bundle() -> None:
    """Repositories, and the bundle from them; what is unchanged is kept."""
    RPM.mkdir(parents=True, exist_ok=True)
    python = make_debs(RPM / "cpython")
    debian = need_demo_bundle() / "packages" / "debian-13"
    say("rpm repositories")
    build(RPM / "repository", [debian, python])
    _bundle(RPM, PLATFORM)


def build_rpm_8_bundle() -> None:
    """The same for EL 8, whose own repository has modules; and the image of such hosts."""
    make_el8_image()
    RPM_8.mkdir(parents=True, exist_ok=True)
    python = make_debs(RPM_8 / "cpython")
    build(RPM_8 / "repository", [need_demo_bundle() / "packages" / "debian-13", python], major=8)
    _bundle(RPM_8, _platform(8))


def build_rpm_10_bundle() -> None:
    """The same for EL 10, without modules, with a driver branch and a kernel; and the image of such hosts."""
    RPM_10.mkdir(parents=True, exist_ok=True)
    make_el10_image(make_debs(RPM_10 / "cpython"))
    build(RPM_10 / "repository", [need_demo_bundle() / "packages" / "debian-13"], major=10)
    _bundle(RPM_10, _platform(10) + DRIVER_10)


def build_rpm_driver_bundle() -> None:
    """The same with NVIDIA's driver for the kernel of the lab's rpm host with one."""
    RPM_DRIVER.mkdir(parents=True, exist_ok=True)
    _bundle(RPM_DRIVER, PLATFORM.replace("repository/", "../rpm/repository/") + DRIVER)


def _platform(major: int) -> str:
    """The platform's part of a spec, without streams."""
    without = PLATFORM.partition("    modules:")[0]
    return without.replace("rhel-9", f"rhel-{major}").replace("el9", f"el{major}")


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
        build_rpm_10_bundle()
        # last: it needs a second CPython
        build_rpm_8_bundle()
    except NoCPythonError as problem:
        say(f"rpm bundle: not tried: {problem}")
    except (DemoError, RepositoryError) as problem:
        sys.exit(f"rpm bundle: {problem}")
