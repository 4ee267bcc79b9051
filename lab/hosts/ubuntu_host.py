"""The image of sealed hosts that identify as Ubuntu 24.04: a stand-in, named as such.

Real are apt, dpkg, systemd and needrestart, of Debian 13, and a CPython 3.12 of this machine; the programs
beneath are Debian's.  By hand: `python -m lab.bundles.ubuntu` makes it with the bundle for it.
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
_KIT = Path(__file__).resolve().parent / "ubuntu-host"


def make_image(packages: Sequence[Path]) -> None:
    """Make the image, unless it was made from the same one, with these .debs, by the same recipe.

    `packages` are those of the archive that a stock server has; they lie in one directory each.
    """
    make_first_image()
    digest = hashlib.sha256((_KIT / "recipe").read_bytes())
    for path in packages:
        digest.update(path.read_bytes())
    derive(
        UBUNTU_IMAGE,
        base=IMAGE,
        label="airgap-lab.ubuntu-host",
        recipe=digest.hexdigest(),
        command=["/lab/recipe"],
        kit=_KIT,
        given=packages,
    )
