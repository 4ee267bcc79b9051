"""This tool's own wheel for hosts, packed from what is running: a checkout or an installed wheel.

It lacks what only the machine with a network needs: a host gets no code that connects beyond loopback.
Both give the same bytes: names sorted, one timestamp, stored without compression
(zlib versions differ), and metadata written from the few fields that count.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from importlib import metadata
from typing import TYPE_CHECKING

from graphistry_airgap.connected.runtime.requirements import Wheel
from graphistry_airgap.content import PACKAGE, content_root
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache

DISTRIBUTION = "graphistry-airgap"
CONTENT = ("playbooks", "roles", "plugins", "meta", "inventory", "galaxy.yml")
# the room of the machine with a network, and the one file that imports it
LEFT_OUT = ("connected/", "wiring/build.py")
EPOCH = (1980, 1, 1, 0, 0, 0)


def build_own_wheel(cache: Cache, *, package: Path = PACKAGE, content: Path | None = None) -> Wheel:
    """Pack the package and its Ansible content into the cache."""
    members = dict(_members(package, content or content_root()))
    info = f"graphistry_airgap-{__version__}.dist-info"
    members |= {
        f"{info}/{name}": (data.encode(), False)
        for name, data in _metadata(metadata.distribution(DISTRIBUTION))
    }
    members[f"{info}/RECORD"] = (_record(members, info), False)
    with cache.temporary() as path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, (data, executable) in sorted(members.items()):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.create_system = 3
                entry.external_attr = (0o100755 if executable else 0o100644) << 16
                archive.writestr(entry, data)
        size, digest = path.stat().st_size, cache.adopt(path)
    filename = f"graphistry_airgap-{__version__}-py3-none-any.whl"
    return Wheel(DISTRIBUTION, __version__, filename, digest, size, "this tool")


def _members(package: Path, content: Path) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    name = package.name
    for path in _files(package):
        relative = path.relative_to(package)
        if relative.parts[0] != "_content" and _belongs(relative):
            yield f"{name}/{relative.as_posix()}", _read(path)
    for tree in CONTENT:
        for path in _files(content / tree):
            yield f"{name}/_content/{path.relative_to(content).as_posix()}", _read(path)


def _belongs(relative: Path) -> bool:
    """Code, knowledge and scripts: of setup.py's choice what a host needs."""
    if relative.as_posix().startswith(LEFT_OUT):
        return False
    return (
        relative.suffix == ".py"
        or relative.name == "py.typed"
        or relative.parts[0] in ("knowledge", "bootstrap")
    )


def _files(root: Path) -> Iterator[Path]:
    for path in [root, *sorted(root.rglob("*"))]:
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def _read(path: Path) -> tuple[bytes, bool]:
    return path.read_bytes(), os.access(path, os.X_OK) and bool(path.stat().st_mode & 0o111)


def _metadata(installed: metadata.Distribution) -> Iterator[tuple[str, str]]:
    needed = sorted(line for line in installed.requires or [] if "extra ==" not in line)
    python = installed.metadata["Requires-Python"]
    yield (
        "METADATA",
        f"Metadata-Version: 2.4\nName: {DISTRIBUTION}\nVersion: {__version__}\nRequires-Python: {python}\n"
        "License-Expression: Apache-2.0\n" + "".join(f"Requires-Dist: {line}\n" for line in needed),
    )
    yield (
        "WHEEL",
        f"Wheel-Version: 1.0\nGenerator: {DISTRIBUTION} {__version__}\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    )
    scripts = sorted(f"{point.name} = {point.value}" for point in installed.entry_points)
    yield "entry_points.txt", "[console_scripts]\n" + "\n".join(scripts) + "\n"


def _record(members: dict[str, tuple[bytes, bool]], info: str) -> bytes:
    lines = []
    for name, (data, _) in sorted(members.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{info}/RECORD,,\n"]).encode()
