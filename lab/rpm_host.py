#!/usr/bin/env python3
"""The image of a sealed host that identifies as Rocky Linux 9: a stand-in, named as such.

Real are dnf 4, rpm, their database and everything that they do with it.  The programs beneath are
Debian 13's: no SELinux, another kernel and libc, a newer Python in the place of the platform's.
By hand: `rpm_host.py` makes the image, and `sealed_host.py start NAME --image …` starts a host.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from sealed_host import IMAGE

RPM_IMAGE = "airgap-lab/rocky-9-stand-in"
MAKER = "airgap-lab-rpm-maker"
HERE = Path(__file__).resolve().parent


def make_image() -> None:
    """Make the image from the lab's host image, unless it was made from the same one by the same recipe."""
    subprocess.run([HERE / "host" / "image"], check=True)
    base = _docker("image", "inspect", "-f", "{{.Id}}", IMAGE)
    recipe = (HERE / "rpm-host" / "recipe").read_bytes()
    inputs = f"{base} {hashlib.sha256(recipe).hexdigest()}"
    label = ["image", "inspect", "-f", '{{index .Config.Labels "airgap-lab.rpm-host"}}', RPM_IMAGE]
    if _docker(*label, check=False) == inputs:
        return
    _docker("rm", "-f", MAKER, check=False)
    try:
        mount = f"{HERE / 'rpm-host'}:/lab:ro"
        _docker("run", "--name", MAKER, "--network", "host", "-v", mount, IMAGE, "/lab/recipe")
        changes = ('CMD ["/sbin/init"]', f"LABEL airgap-lab.rpm-host={json.dumps(inputs)}")
        options = [word for change in changes for word in ("--change", change)]
        _docker("commit", *options, MAKER, RPM_IMAGE)
    finally:
        _docker("rm", "-f", MAKER, check=False)


def _docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"docker {words[0]}: {done.stderr.strip() or done.stdout.strip()[-2000:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    make_image()
