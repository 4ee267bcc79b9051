"""A bundle of the demo's release by the tool as it was before its rooms were moved, from the history here.

`build/former/` has that tool's source and the bundle.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from lab.bundles.demo import BUILD, CHECKOUT, DEMO, cache_of, signing_key, write_spec

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "f358c40c3d42a09dbcb1cc111a3771a051625a24"
FORMER = BUILD / "former"


def is_known() -> bool:
    """Whether the history goes back so far: a checkout may be shallow, or no checkout at all."""
    return bool(shutil.which("git")) and _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode == 0


def make() -> Path:
    """The bundle, built anew where it is not there."""
    bundle, source = FORMER / "bundle", FORMER / "source"
    if bundle.exists():
        return bundle
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", CHECKOUT, "archive", COMMIT], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
    spec = FORMER / "former.bundle.yml"
    write_spec(spec)
    command = [sys.executable, "-m", "graphistry_airgap", "bundle", "build", spec, "-o", bundle]
    command += ["--sign-key", signing_key(), "--cache", cache_of(bundle)]
    environment = {
        "GNUPGHOME": os.fspath(DEMO / "gnupg"),
        # before the environment's own tool, which is today's
        "PYTHONPATH": os.fspath(source / "installer"),
    }
    subprocess.run(command, env=os.environ | environment, cwd=FORMER, check=True)
    return bundle


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", CHECKOUT, *arguments], capture_output=True, check=False)
