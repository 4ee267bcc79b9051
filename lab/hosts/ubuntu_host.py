"""The images of sealed hosts that identify as Ubuntu 24.04 and 22.04: stand-ins, named as such.

Real are apt, dpkg, systemd and needrestart, of Debian 13, and a CPython 3.12 or 3.10 of this machine; the
programs beneath are Debian's.  By hand: `python -m lab.bundles.ubuntu` makes them with the bundles for them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts.derived_image import derive, make_first_image
from lab.hosts.sealed_host import IMAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

UBUNTU_IMAGE = "airgap-lab/ubuntu-24.04-stand-in"
UBUNTU_22_IMAGE = "airgap-lab/ubuntu-22.04-stand-in"
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
    image, version, title = IMAGES[series]
    digest = hashlib.sha256((_KIT / "recipe").read_bytes())
    for path in packages:
        digest.update(path.read_bytes())
    derive(
        image,
        base=IMAGE,
        label="airgap-lab.ubuntu-host",
        recipe=digest.hexdigest(),
        command=["/lab/recipe", series, version, title],
        kit=_KIT,
        given=packages,
    )
