"""Which package manager a host has: chosen once, by the name that bundle.json gives its platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .apt.system import Apt
from .dnf.system import Dnf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..host.machine import Host
    from .model import PackageSystem

DEFAULT = "apt"
SYSTEMS: dict[str, Callable[[Host], PackageSystem]] = {"apt": Apt, "dnf": Dnf}


def of(name: str, host: Host) -> PackageSystem:
    return SYSTEMS[name](host)


def of_settings(config: Path, host: Host) -> PackageSystem:
    """By the settings file that `repository` wrote: `apt.conf` is apt's."""
    return of(config.stem, host)
