"""Where a path lies and what its mount allows, from the kernel's own table (proc_pid_mountinfo(5))."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .machine import Host

_TABLE = "/proc/self/mountinfo"
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mount:
    """`options` are those of the mount and of its file system together: either may say `ro`."""

    point: str
    kind: str
    options: tuple[str, ...]


def read(host: Host) -> list[Mount]:
    """All mounts, later ones above earlier ones of the same place; empty where the kernel tells nothing."""
    found = []
    for line in (host.text(_TABLE) or "").splitlines():
        own, _, rest = line.partition(" - ")
        words, system = own.split(), rest.split()
        if len(words) >= 6 and len(system) >= 3:
            options = dict.fromkeys(f"{words[5]},{system[2]}".split(","))
            found.append(Mount(_plain(words[4]), system[0], tuple(options)))
    return found


def over(mounts: Sequence[Mount], path: str) -> Mount | None:
    """The mount that `path`, free of links, lies on."""
    best = None
    for mount in mounts:
        inside = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if inside and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def resolved(host: Host, path: str) -> str:
    """Where a path leads, links followed; what does not exist yet is kept as it is."""
    real = os.path.realpath(host.path(path))
    root = os.path.realpath(host.root).rstrip("/")
    return real[len(root) :] or "/" if real == root or real.startswith(f"{root}/") else real


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
