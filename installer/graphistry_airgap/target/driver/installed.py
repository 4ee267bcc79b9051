"""The driver that a host has: its version, whether it works for the running kernel, where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..gpu.knowledge import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BUILT = ("-dkms", "-kernel-source", "kmod-")


@dataclass(frozen=True)
class InstalledDriver:
    """`ready`: the running kernel has it loaded, or its modules lie there to be loaded."""

    version: str
    variant: str
    ready: bool
    by_runfile: bool

    @property
    def source(self) -> str:
        return "the vendor's .run file" if self.by_runfile else "packages"


def of(facts: Mapping[str, Any]) -> InstalledDriver | None:
    now = running_kernel(facts)
    from_run = bool(facts["runfile"]) or bool(now.get("by_runfile"))
    if facts["loaded"]:
        return InstalledDriver(facts["loaded"], facts["loaded_variant"], ready=True, by_runfile=from_run)
    if now.get("modules"):
        return InstalledDriver(now["modules"], now["variant"], ready=now["has_modules"], by_runfile=from_run)
    built = [one for one in facts["packages"] if any(mark in one["name"] for mark in _BUILT)]
    if built:
        variant = "open" if "-open" in built[0]["name"] else "proprietary"
        return InstalledDriver(built[0]["driver"], variant, ready=False, by_runfile=False)
    return None


def running_kernel(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((kernel for kernel in facts["kernels"] if kernel["running"]), {})


def from_packages(facts: Mapping[str, Any], version: str) -> bool:
    """Whether this very version came from packages, so that the bundle's may be the same."""
    return any(one["driver"] == version for one in facts["packages"])


def in_the_way(facts: Mapping[str, Any], names: Sequence[str], version: str) -> list[dict[str, Any]]:
    """Packages of another driver that installing the bundle's does not replace: other names, or newer."""
    return [
        one
        for one in facts["packages"]
        if one["driver"] != version
        and (one["name"] not in names or numbers(one["driver"]) > numbers(version))
    ]
