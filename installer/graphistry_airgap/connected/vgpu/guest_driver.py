"""What a vGPU guest driver is, from the file alone: package or, for a .run, its name.

NVIDIA also ships drivers for the hypervisor under much the same names; those are
told apart here, because on a guest they fail late and without a word about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.connected.packages.versions import upstream_version
from graphistry_airgap.core.adapters.process import require, run
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RUN = re.compile(
    r"NVIDIA-Linux-(?P<architecture>x86_64|aarch64)-(?P<version>\d+(?:\.\d+)+)(?P<rest>[\w-]*)\.run"
)
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Found:
    kind: str
    name: str
    version: str
    architecture: str


def read_guest_driver(path: Path) -> Found:
    """Kind, name, version and Debian architecture of a file with a reader for its suffix."""
    found = READERS[path.suffix](path)
    if "grid" not in found.name.lower():
        raise _not_one(path, f"{found.name} is not a guest (grid) driver")
    if not found.version:
        raise _not_one(path, "its version is not one of NVIDIA's")
    return found


def _deb(path: Path) -> Found:
    require("dpkg-deb", package="dpkg")
    shown = run(["dpkg-deb", "-W", "--showformat=${Package}\\n${Version}\\n${Architecture}\\n", str(path)])
    fields = shown.stdout.split("\n")
    if not shown.ok or len(fields) != 4:
        raise _not_one(path, f"dpkg-deb cannot read it: {shown.words}")
    return Found("deb", fields[0], upstream_version(fields[1]), fields[2])


def _run(path: Path) -> Found:
    match = _RUN.fullmatch(path.name)
    with path.open("rb") as stream:
        script = stream.read(2) == b"#!"
    if match is None or not script:
        raise _not_one(path, "a .run file of NVIDIA is called NVIDIA-Linux-x86_64-<version>-grid.run")
    name = f"NVIDIA-Linux{match['rest']}"
    return Found("run", name, match["version"], MACHINES[match["architecture"]])


READERS: dict[str, Callable[[Path], Found]] = {".deb": _deb, ".run": _run}


def _not_one(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path.name} cannot be taken as a vGPU guest driver: {reason}",
        code="vgpu-driver-unreadable",
        hint="take the guest driver for this operating system from NVIDIA's licensing portal, name unchanged",
    )
