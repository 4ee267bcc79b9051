"""What a vGPU guest driver is, from the file alone: package header or, for a .run, its name.

NVIDIA also ships drivers for the hypervisor under much the same names; those are
told apart here, because on a guest they fail late and without a word about it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.adapters.process import require, run
from graphistry_airgap.domain.driver import upstream_version
from graphistry_airgap.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_RUN = re.compile(
    r"NVIDIA-Linux-(?P<architecture>x86_64|aarch64)-(?P<version>\d+(?:\.\d+)+)(?P<rest>[\w-]*)\.run"
)
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_RPM_LEAD, _RPM_MAGIC, _RPM_HEADER = 96, b"\xed\xab\xee\xdb", b"\x8e\xad\xe8\x01"
_RPM_TAGS = {1000: "name", 1001: "version", 1022: "architecture"}
_LARGEST_HEADER = 32 << 20


@dataclass(frozen=True)
class Found:
    kind: str
    name: str
    version: str
    architecture: str


def read_guest_driver(path: Path) -> Found:
    """Kind, name, version and Debian architecture; raises `InputError` for what is no guest driver."""
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise _not_one(path, "its name ends in none of .deb, .rpm, .run")
    found = reader(path)
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
        raise _not_one(path, f"dpkg-deb cannot read it: {shown.tail(1)}")
    return Found("deb", fields[0], upstream_version(fields[1]), fields[2])


def _rpm(path: Path) -> Found:
    try:
        with path.open("rb") as stream:
            if not stream.read(_RPM_LEAD).startswith(_RPM_MAGIC):
                raise ValueError("it does not begin as an .rpm")
            signature = _rpm_header(stream.read)
            stream.seek(-signature[1] % 8, 1)
            fields = _rpm_header(stream.read)[0]
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise _not_one(path, f"its header cannot be read: {error}") from None
    machine = fields.get("architecture", "")
    architecture = "all" if machine == "noarch" else MACHINES.get(machine, machine)
    return Found("rpm", fields.get("name", ""), upstream_version(fields.get("version", "")), architecture)


def _rpm_header(read: Callable[[int], bytes]) -> tuple[dict[str, str], int]:
    """The wanted strings of one header structure, and the length of its data."""
    magic, _, count, size = struct.unpack(">4s4sII", read(16))
    if magic != _RPM_HEADER or 16 * count + size > _LARGEST_HEADER:
        raise ValueError("it is damaged")
    index, data = read(16 * count), read(size)
    found = {}
    for tag, kind, offset, _ in struct.iter_unpack(">IIII", index):
        if tag in _RPM_TAGS and kind == 6:
            found[_RPM_TAGS[tag]] = data[offset:].split(b"\0", 1)[0].decode()
    return found, size


def _run(path: Path) -> Found:
    match = _RUN.fullmatch(path.name)
    with path.open("rb") as stream:
        script = stream.read(2) == b"#!"
    if match is None or not script:
        raise _not_one(path, "a .run file of NVIDIA is called NVIDIA-Linux-x86_64-<version>-grid.run")
    name = f"NVIDIA-Linux{match['rest']}"
    return Found("run", name, match["version"], MACHINES[match["architecture"]])


_READERS: dict[str, Callable[[Path], Found]] = {".deb": _deb, ".rpm": _rpm, ".run": _run}


def _not_one(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path.name} cannot be taken as a vGPU guest driver: {reason}",
        code="vgpu-driver-unreadable",
        hint="take the guest driver for this operating system from NVIDIA's licensing portal, name unchanged",
    )
