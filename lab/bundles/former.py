"""Bundles of the demo's release by the tool as it was before its rooms were moved, from the history here.

`build/former/` has that tool's source and the bundle, `build/former-driver/` the one with NVIDIA's driver.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from lab.bundles.demo import BUILD, CHECKOUT, DEMO, cache_of, signing_key, write_spec
from lab.bundles.driver import write_driver_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMIT = "f358c40c3d42a09dbcb1cc111a3771a051625a24"
FORMER, FORMER_DRIVER = BUILD / "former", BUILD / "former-driver"


def is_known() -> bool:
    """Whether the history goes back so far: a checkout may be shallow, or no checkout at all."""
    return bool(shutil.which("git")) and _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode == 0


def make() -> Path:
    """The bundle, built anew where it is not there."""
    return _made(FORMER, write_spec)


def make_with_driver() -> Path:
    return _made(FORMER_DRIVER, write_driver_spec)


def _made(folder: Path, write: Callable[[Path], None]) -> Path:
    bundle, spec = folder / "bundle", folder / "former.bundle.yml"
    if bundle.exists():
        return bundle
    folder.mkdir(parents=True, exist_ok=True)
    write(spec)
    command = [sys.executable, "-m", "graphistry_airgap", "bundle", "build", spec, "-o", bundle]
    command += ["--sign-key", signing_key(), "--cache", cache_of(bundle)]
    environment = {
        "GNUPGHOME": os.fspath(DEMO / "gnupg"),
        # before the environment's own tool, which is today's
        "PYTHONPATH": os.fspath(_source() / "installer"),
    }
    subprocess.run(command, env=os.environ | environment, cwd=folder, check=True)
    return bundle


def _source() -> Path:
    source = FORMER / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", CHECKOUT, "archive", COMMIT], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
    return source


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", CHECKOUT, *arguments], capture_output=True, check=False)
