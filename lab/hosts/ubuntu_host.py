"""The images of sealed hosts that identify as Ubuntu 24.04 and 22.04: stand-ins, named as such.

Real are apt, dpkg, systemd and needrestart, of Debian 13, and a CPython 3.12 or 3.10 of this machine; the
programs beneath are Debian's.  The image with a kernel has Debian's, under the name of one of Ubuntu's, on
top of `kernel_host`'s.  By hand: `python -m lab.bundles.ubuntu` makes them with the bundles for them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts import kernel_host
from lab.hosts.derived_image import derive, make_first_image
from lab.hosts.sealed_host import IMAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

UBUNTU_IMAGE = "airgap-lab/ubuntu-24.04-stand-in"
UBUNTU_22_IMAGE = "airgap-lab/ubuntu-22.04-stand-in"
KERNEL_UBUNTU_IMAGE = "airgap-lab/ubuntu-24.04-stand-in-kernel"
# codename: image, version with point release, and the name that os-release has for it
IMAGES = {
    "noble": (UBUNTU_IMAGE, "24.04.3", "Noble Numbat"),
    "jammy": (UBUNTU_22_IMAGE, "22.04.5", "Jammy Jellyfish"),
}
_KIT = Path(__file__).resolve().parent / "ubuntu-host"


def make_image(series: str, packages: Sequence[Path]) -> None:
    """Make the image of a series, unless it was made from the same one, with these .debs, by the same recipe.

    `packages` are those of the archive that a stock server has; they lie in one directory each.
    """
    make_first_image()
    image, *release = IMAGES[series]
    _make(IMAGE, image, ["recipe", series, *release], packages)


def make_kernel_image(series: str, packages: Sequence[Path], kernel: str) -> None:
    """The same from the image with a kernel, which goes by this name; its package is one of `packages`."""
    kernel_host.make_image()
    changes = (kernel_host.BOOTS_BY_MACHINE,)
    recipe = ["kernel-recipe", kernel, series, *IMAGES[series][1:]]
    _make(kernel_host.KERNEL_IMAGE, KERNEL_UBUNTU_IMAGE, recipe, packages, changes)


def _make(
    base: str, image: str, recipe: Sequence[str], packages: Sequence[Path], changes: Sequence[str] = ()
) -> None:
    digest = hashlib.sha256(" ".join(recipe).encode())
    for path in sorted({_KIT / "recipe", _KIT / recipe[0]}) + list(packages):
        digest.update(path.read_bytes())
    program, *arguments = recipe
    derive(
        image,
        base=base,
        label="airgap-lab.ubuntu-host",
        recipe=digest.hexdigest(),
        command=[f"/lab/{program}", *arguments],
        kit=_KIT,
        given=packages,
        changes=changes,
    )
