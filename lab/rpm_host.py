#!/usr/bin/env python3
"""The images of sealed hosts that identify as Rocky Linux 9: stand-ins, named as such.

Real are dnf 4, rpm, their database and everything that they do with it.  The programs beneath are
Debian 13's: no SELinux, another kernel and libc, a newer Python in the place of the platform's.
The hardened one is the same on top of the hardened image, with dnf's settings as a STIG has them.
By hand: `rpm_host.py` makes the first, and `sealed_host.py start NAME --image …` starts a host.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import hardening
from sealed_host import IMAGE

RPM_IMAGE = "airgap-lab/rocky-9-stand-in"
HARDENED_RPM_IMAGE = "airgap-lab/rocky-9-stand-in-hardened"
MAKER = "airgap-lab-rpm-maker"
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


def _make(base: str, image: str, *, files: Path | None = None) -> None:
    inputs = f"{_docker('image', 'inspect', '-f', '{{.Id}}', base)} {_digest(files)}"
    label = ["image", "inspect", "-f", '{{index .Config.Labels "airgap-lab.rpm-host"}}', image]
    if _docker(*label, check=False) == inputs:
        return
    _docker("rm", "-f", MAKER, check=False)
    try:
        _docker("run", "--name", MAKER, "--network", "host", "-v", f"{_KIT}:/lab:ro", base, "/lab/recipe")
        if files is not None:
            _docker("cp", f"{files}/.", f"{MAKER}:/")
        changes = ('CMD ["/sbin/init"]', f"LABEL airgap-lab.rpm-host={json.dumps(inputs)}")
        options = [word for change in changes for word in ("--change", change)]
        _docker("commit", *options, MAKER, image)
    finally:
        _docker("rm", "-f", MAKER, check=False)


def _digest(files: Path | None) -> str:
    digest = hashlib.sha256((_KIT / "recipe").read_bytes())
    for path in sorted(files.rglob("*")) if files else ():
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
