"""The images of sealed hosts that identify as Rocky Linux 9: stand-ins, named as such.

Real are dnf 4, rpm, their database and everything that they do with it.  The programs beneath are
Debian 13's: no SELinux, another kernel and libc, a newer Python in the place of the platform's.
The hardened one is the same on top of the hardened image, with dnf's settings as a STIG has them; the one
with a kernel has Debian's, dkms and dracut on top of `kernel_host`'s.
By hand: `python -m lab.hosts.rpm_host` makes the first, and `python -m lab.hosts.sealed_host start NAME
--image …` starts a host.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts import hardened_host, kernel_host
from lab.hosts.derived_image import derive, make_first_image
from lab.hosts.sealed_host import IMAGE
from lab.repositories import cpython

if TYPE_CHECKING:
    from collections.abc import Sequence

RPM_IMAGE = "airgap-lab/rocky-9-stand-in"
RPM_8_IMAGE = "airgap-lab/rocky-8-stand-in"
RPM_10_IMAGE = "airgap-lab/rocky-10-stand-in"
HARDENED_RPM_IMAGE = "airgap-lab/rocky-9-stand-in-hardened"
KERNEL_RPM_IMAGE = "airgap-lab/rocky-9-stand-in-kernel"
# one that lab/repositories/rpm-packages has headers of
KERNEL = "5.14.0-503.40.1.el9_5.x86_64"
# and the one that hosts with EL 10 are said to run
KERNEL_10 = "6.12.0-55.9.1.el10_0.x86_64"
_KIT = Path(__file__).resolve().parent / "rpm-host"


def make_image() -> None:
    """Make the image from the lab's host image, unless it was made from the same one by the same recipe."""
    make_first_image()
    _make(IMAGE, RPM_IMAGE)


def make_el8_image() -> None:
    """The same as Rocky 8: no /usr/bin/python3, and a CPython 3.6 of this machine as platform-python."""
    make_first_image()
    _make(IMAGE, RPM_8_IMAGE, recipe=("recipe", "8"), given=[cpython.find("3.6")[0]])


def make_el10_image(python: Path) -> None:
    """The same as Rocky 10, with a CPython 3.12 as /usr/bin/python3, out of the .debs below `python`."""
    make_first_image()
    _make(IMAGE, RPM_10_IMAGE, recipe=("recipe", "10", KERNEL_10), given=sorted(python.glob("*.deb")))


def make_hardened_image() -> None:
    """The same from the hardened image, with a hardened host's settings of dnf laid over it."""
    make_first_image()
    hardened_host.make_image()
    _make(hardened_host.HARDENED_IMAGE, HARDENED_RPM_IMAGE, files=_KIT / "hardened")


def make_kernel_image() -> None:
    """The same from the image with a kernel, for `KernelHost.boot`; the kernel goes by a name of EL 9's."""
    kernel_host.make_image()
    recipe = ("kernel-recipe", KERNEL)
    _make(kernel_host.KERNEL_IMAGE, KERNEL_RPM_IMAGE, recipe=recipe, changes=(kernel_host.BOOTS_BY_MACHINE,))


def make_ssh_image(base: str, image: str) -> None:
    """The same from an image with ssh."""
    _make(base, image)


def _make(
    base: str,
    image: str,
    *,
    recipe: Sequence[str] = ("recipe", "9"),
    files: Path | None = None,
    given: Sequence[Path] = (),
    changes: Sequence[str] = (),
) -> None:
    program, *arguments = recipe
    derive(
        image,
        base=base,
        label="airgap-lab.rpm-host",
        recipe=f"{_digest(program, files)} {' '.join(recipe)}",
        command=[f"/lab/{program}", *arguments],
        kit=_KIT,
        files=files,
        given=given,
        changes=changes,
    )


def _digest(recipe: str, files: Path | None) -> str:
    digest = hashlib.sha256()
    recipes = {_KIT / name for name in ("recipe", recipe)}
    for path in sorted([*recipes, *(files.rglob("*") if files else ())]):
        if path.is_file():
            digest.update(f"{path.relative_to(_KIT.parent)} ".encode() + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        make_image()
    except RuntimeError as problem:
        sys.exit(f"rpm_host: {problem}")
