"""What dpkg has installed against what a bundle's lock names.

An installed version that is not older satisfies the lock; nothing is downgraded.
"""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

QUERY = (
    "${Package}\\t${Architecture}\\t${Version}\\t"
    "${db:Status-Want}\\t${db:Status-Eflag}\\t${db:Status-Status}\\n"
)
# of every transaction: nothing asks, nothing restarts, and the operator's configuration files stay
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
    "LC_ALL": "C.UTF-8",
}
KEEP_FILES = ("--force-confdef", "--force-confold")
# seconds to wait for another package manager
LOCK_TIMEOUT = 120
_TRIGGERED = frozenset({"triggers-awaited", "triggers-pending"})
_UNFINISHED = frozenset({"unpacked", "half-configured"}) | _TRIGGERED
# struct flock of Linux: two shorts, two longs, one int, padding
_FLOCK = "hhllixxxx"


@dataclass(frozen=True)
class Installed:
    """`triggered`: whole but for work that another package asked of it."""

    name: str
    architecture: str
    version: str
    held: bool
    whole: bool
    unfinished: bool
    triggered: bool


@dataclass(frozen=True)
class Change:
    name: str
    version: str
    before: str
    held: bool

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "from": self.before, "to": self.version}


def read_query(output: str) -> list[Installed]:
    """Parse `dpkg-query -W -f QUERY`."""
    found = []
    for line in output.splitlines():
        name, architecture, version, want, flag, status = line.split("\t")
        found.append(
            Installed(
                name,
                architecture,
                version,
                held=want == "hold",
                whole=status == "installed" and flag == "ok",
                unfinished=status in _UNFINISHED,
                triggered=status in _TRIGGERED,
            )
        )
    return found


def changes(
    wanted: Iterable[Mapping[str, Any]],
    installed: Iterable[Installed],
    *,
    older: Callable[[str, str], bool],
) -> list[Change]:
    """The wanted packages that are absent, older or broken; `older(a, b)` says a < b."""
    present: dict[str, list[Installed]] = {}
    for package in installed:
        present.setdefault(package.name, []).append(package)
    needed = []
    for entry in wanted:
        name, version = str(entry["name"]), str(entry["version"])
        candidates = [p for p in present.get(name, []) if _same_architecture(p, entry)]
        now = next((p for p in candidates if p.whole), None)
        if now is None:
            needed.append(Change(name, version, "", held=any(p.held for p in candidates)))
        elif now.version != version and older(now.version, version):
            needed.append(Change(name, version, now.version, now.held))
    return needed


def lock_holder(path: Path) -> int | None:
    """Process id of who holds a dpkg lock file, None when it is free."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        query = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, query))
    finally:
        os.close(handle)
    return None if kind == fcntl.F_UNLCK else int(pid)


def command_of(pid: int) -> str:
    """How a process was started, for a message."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "unknown"
    return b" ".join(words).decode("utf-8", "replace").strip() or "unknown"


def _same_architecture(package: Installed, wanted: Mapping[str, Any]) -> bool:
    architecture = wanted.get("architecture") or package.architecture
    return "all" in (architecture, package.architecture) or architecture == package.architecture
