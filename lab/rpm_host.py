#!/usr/bin/env python3
"""The images of sealed hosts that identify as Rocky Linux 9: stand-ins, named as such.

Real are dnf 4, rpm, their database and everything that they do with it.  The programs beneath are
Debian 13's: no SELinux, another kernel and libc, a newer Python in the place of the platform's.
The hardened one is the same on top of the hardened image, with dnf's settings as a STIG has them; the one
with a kernel has Debian's, dkms and dracut on top of `kernel_stand_in`.
By hand: `rpm_host.py` makes the first, and `sealed_host.py start NAME --image …` starts a host.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))
import hardening
import kernel_stand_in
from sealed_host import IMAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

RPM_IMAGE = "airgap-lab/rocky-9-stand-in"
HARDENED_RPM_IMAGE = "airgap-lab/rocky-9-stand-in-hardened"
KERNEL_RPM_IMAGE = "airgap-lab/rocky-9-stand-in-kernel"
# one that lab/rpm-repositories has headers of
KERNEL = "5.14.0-503.40.1.el9_5.x86_64"
HERE = Path(__file__).resolve().parent
_KIT = HERE / "rpm-host"


def make_image() -> None:
    """Make the image from the lab's host image, unless it was made from the same one by the same recipe."""
    subprocess.run([HERE / "host" / "image"], check=True)
    _make(IMAGE, RPM_IMAGE)


def make_hardened_image() -> None:
    """The same from the hardened image, with a hardened host's settings of dnf laid over it."""
    subprocess.run([HERE / "host" / "image"], check=True)
    hardening.make_image()
    _make(hardening.HARDENED_IMAGE, HARDENED_RPM_IMAGE, files=_KIT / "hardened")


def make_kernel_image() -> None:
    """The same from the image with a kernel, for `KernelHost.boot`; the kernel goes by a name of EL 9's."""
    kernel_stand_in.make_image()
    entrypoint = f'ENTRYPOINT ["{kernel_stand_in.MACHINE}", "boot"]'
    recipe = ("kernel-recipe", KERNEL)
    _make(kernel_stand_in.KERNEL_IMAGE, KERNEL_RPM_IMAGE, recipe=recipe, changes=(entrypoint,))


def _make(
    base: str,
    image: str,
    *,
    recipe: Sequence[str] = ("recipe",),
    files: Path | None = None,
    changes: Sequence[str] = (),
) -> None:
    inputs = f"{_docker('image', 'inspect', '-f', '{{.Id}}', base)} {_digest(recipe[0], files)}"
    label = ["image", "inspect", "-f", '{{index .Config.Labels "airgap-lab.rpm-host"}}', image]
    if _docker(*label, check=False) == inputs:
        return
    maker = f"{image.replace('/', '-')}-maker"  # tests beside each other make different ones
    _docker("rm", "-f", maker, check=False)
    program, *arguments = recipe
    try:
        command = ["--entrypoint", "", base, f"/lab/{program}", *arguments]
        _docker("run", "--name", maker, "--network", "host", "-v", f"{_KIT}:/lab:ro", *command)
        if files is not None:
            _docker("cp", f"{files}/.", f"{maker}:/")
        noted = f"LABEL airgap-lab.rpm-host={json.dumps(inputs)}"
        options = ['CMD ["/sbin/init"]', noted, *changes]
        _docker("commit", *(word for change in options for word in ("--change", change)), maker, image)
    finally:
        _docker("rm", "-f", maker, check=False)


def _digest(recipe: str, files: Path | None) -> str:
    digest = hashlib.sha256()
    recipes = {_KIT / name for name in ("recipe", recipe)}
    for path in sorted([*recipes, *(files.rglob("*") if files else ())]):
        if path.is_file():
            digest.update(f"{path.relative_to(HERE)} ".encode() + path.read_bytes())
    return digest.hexdigest()


def _docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"docker {words[0]}: {done.stderr.strip() or done.stdout.strip()[-2000:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    make_image()
