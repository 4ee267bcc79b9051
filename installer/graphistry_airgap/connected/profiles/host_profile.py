"""A host profile at build: what a host has already, and what a bundle for it can therefore do without.

A package stays behind only when every profile of its platform has it, in the version that was resolved or a
newer one: what any of these hosts lacks is in the bundle, so the closure is whole on each of them.  Python's
packages always travel, because install.sh needs them before anything can be judged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.canonical import sha256_hex
from graphistry_airgap.target.host.platforms import platform_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphistry_airgap.connected.packages.apt_release import Package
    from graphistry_airgap.connected.packages.closure import Closure

    # package system, installed and wanted version in
    NotOlder = Callable[[str, str, str], bool]

# 3000 packages are a quarter of a MiB
LARGEST = 8 << 20
_PYTHON = "python"
_INDEPENDENT = ("all", "noarch")
# rpm keeps several versions of these side by side, and each serves its own kernel alone: they always travel
_SIDE_BY_SIDE = re.compile(r"kernel(-.*)?")


@dataclass(frozen=True)
class Installed:
    version: str
    architecture: str


@dataclass(frozen=True)
class HostProfile:
    """`written` is how the spec names its file; `headers`: kernels whose headers the host has."""

    written: str
    sha256: str
    size: int
    platform: str
    architecture: str
    package_system: str
    kernel: str
    headers: frozenset[str]
    packages: dict[str, tuple[Installed, ...]]

    @property
    def lacks_headers(self) -> bool:
        return self.kernel not in self.headers

    def has(self, package: Package, not_older: NotOlder) -> bool:
        """Whether the host has this package in this version or a newer one."""
        if self.package_system == "dnf" and _SIDE_BY_SIDE.fullmatch(package.name):
            return False
        return any(
            not_older(self.package_system, one.version, package.version)
            for one in self.packages.get(package.name, ())
            if one.architecture == package.architecture
            or {one.architecture, package.architecture} & {*_INDEPENDENT}
        )


def parse_profile(document: dict[str, Any], raw: bytes, written: str) -> HostProfile:
    """Turn a document that satisfies the schema into a `HostProfile`."""
    packages: dict[str, list[Installed]] = {}
    for entry in document["packages"]:
        packages.setdefault(entry["name"], []).append(Installed(entry["version"], entry["architecture"]))
    return HostProfile(
        written=written,
        sha256=sha256_hex(raw),
        size=len(raw),
        platform=platform_of(document["os"]["id"], document["os"]["version_id"]),
        architecture=document["architecture"],
        package_system=document["package_system"],
        kernel=document["kernel"]["running"],
        headers=frozenset(document["kernel"].get("headers", ())),
        packages={name: tuple(found) for name, found in packages.items()},
    )


def without_assumed(closure: Closure, profiles: Sequence[HostProfile], not_older: NotOlder) -> Closure:
    """The closure, less the files of packages that every one of these hosts has."""
    if not profiles:
        return closure
    python = frozenset(closure.groups.get(_PYTHON, ()))
    assumed = (
        package
        for package in closure.packages
        if package not in python and all(profile.has(package, not_older) for profile in profiles)
    )
    return replace(closure, assumed=frozenset(assumed))


def running_kernels(profiles: Sequence[HostProfile]) -> dict[str, list[str]]:
    """Each running kernel, and the profiles that it comes from."""
    found: dict[str, list[str]] = {}
    for profile in profiles:
        found.setdefault(profile.kernel, []).append(profile.written)
    return found


def kernels_to_build_for(profiles: Sequence[HostProfile]) -> dict[str, list[str]]:
    """Those of hosts without its headers."""
    return running_kernels([profile for profile in profiles if profile.lacks_headers])
