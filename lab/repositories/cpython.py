"""Debian packages of a CPython that this machine has, for the lab's hosts: Debian 12 and 13 have no 3.12.

It is taken as it is, from PATH or from pyenv; left out is what EL keeps in packages of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "3.12"
PYTHON = f"python{VERSION}"
EPOCH = "1767225600"
LEFT_OUT = ("__pycache__", "site-packages", "config-*", "test", "idlelib", "tkinter", "turtledemo", "lib2to3")
_ASK = "import platform, sys; print(sys.base_prefix, platform.python_version())"


class NoCPythonError(RuntimeError):
    """This machine has no CPython of that version."""


def find(version: str = VERSION) -> tuple[Path, str]:
    """Its prefix and its whole version; NoCPythonError where there is none."""
    name = f"python{version}"
    ours = Path.home().glob(f".pyenv/versions/{version}.*/bin/{name}")
    for program in (name, *sorted(ours)):
        try:
            asked = [program, "-I", "-c", _ASK]
            said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        except (OSError, subprocess.CalledProcessError):  # absent, or pyenv's word that it is not chosen
            continue
        return Path(said[0]), said[1]
    raise NoCPythonError(f"this machine has no {name}, on PATH or of pyenv")


def make_debs(pool: Path, minor: str = VERSION) -> Path:
    """`python3.12` and `libpython3.12` below `pool`, the same bytes each time; `pool` again."""
    prefix, version = find(minor)
    python = f"python{minor}"
    shutil.rmtree(pool, ignore_errors=True)
    interpreter, library = (pool / name for name in (python, f"lib{python}"))
    (interpreter / "usr/bin").mkdir(parents=True)
    shutil.copy2(prefix / "bin" / python, interpreter / "usr/bin" / python)
    ignored = shutil.ignore_patterns(*LEFT_OUT)
    shutil.copytree(prefix / "lib" / python, library / "usr/lib" / python, symlinks=True, ignore=ignored)
    # one that was built with a shared library looks for it where the hosts' loader does, too
    shared = library / "usr/lib/x86_64-linux-gnu"
    shared.mkdir()
    for path in prefix.glob(f"lib/lib{python}.so.*"):
        shutil.copy2(path, shared)
    for root in (interpreter, library):
        _pack(root, version)
    return pool


def _pack(root: Path, version: str) -> None:
    control = root / "DEBIAN" / "control"
    control.parent.mkdir()
    control.write_text(
        f"Package: {root.name}\nVersion: {version}\nArchitecture: amd64\n"
        "Maintainer: lab <lab@example.invalid>\nDescription: CPython as a machine of the lab has it\n",
        encoding="utf-8",
    )
    made = root.with_name(f"{root.name}_{version}_amd64.deb")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, made],
        env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
        check=True,
        capture_output=True,
    )
    shutil.rmtree(root)
