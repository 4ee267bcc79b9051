"""Debian packages that a test puts on a host: small ones of its own, and real ones under another version."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = """\
Package: {name}
Version: {version}
Architecture: all
Maintainer: tests <tests@example.invalid>
Description: a stand-in for tests
"""


def stub_package(work: Path, name: str, version: str, *, takes: int = 0) -> Path:
    """A package that holds nothing; its installation takes so many seconds."""
    root = work / f"{name}.root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(CONTROL.format(name=name, version=version), encoding="utf-8")
    script = root / "DEBIAN" / "preinst"
    script.write_text(f"#!/bin/sh\nsleep {takes}\n", encoding="ascii")
    script.chmod(0o755)
    return _build(root, work / f"{name}.deb")


def under_version(work: Path, package: Path, version: str) -> Path:
    """The same package, said to be of another version."""
    root = work / f"{package.stem}.root"
    subprocess.run(["dpkg-deb", "-R", package, root], check=True)
    control = root / "DEBIAN" / "control"
    text = re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text(encoding="utf-8"))
    control.write_text(text, encoding="utf-8")
    return _build(root, work / f"{package.stem}.changed.deb")


def _build(root: Path, target: Path) -> Path:
    command = ["dpkg-deb", "--root-owner-group", "-b", root, target]
    subprocess.run(command, check=True, capture_output=True)
    return target
