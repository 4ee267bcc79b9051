"""The guest driver: which one a host has, and whether the bundle's has to be installed.

A guest driver is an ordinary driver with the licence client nvidia-gridd.  It comes
as one file of NVIDIA's, so the file names below are the only thing that every kind
of package has in common.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..gpu.knowledge import numbers
from ..packages import systems as package_systems
from ..packages.apt import system as apt_system

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.machine import Host

DEB, RUN = "deb", "run"
GRIDD = "/usr/bin/nvidia-gridd"
NONE, LEAVE, INSTALL, FOREIGN = "none", "leave", "install", "foreign"
BUILD_TOOLS = ("gcc", "make")

# where the copy lies that an installation runs from; a place that is there tells of one that did not end well
PLACES = ("/var/lib/graphistry-airgap", "/opt/graphistry-airgap")
BEGUN = "guest-driver"

_LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")
_LIBRARY = "libnvidia-ml.so.1"
# where modules from outside the kernel's own package are put
_MODULE_PLACES = ("updates", "extra", "misc", "weak-updates", "kernel/drivers/video")
_MODULES = ("nvidia.ko", "nvidia-current.ko")


@dataclass(frozen=True)
class Decision:
    """`action` is none, leave, install or foreign; `reason` is for people."""

    action: str
    reason: str


def probe(host: Host, kernel: str, desired: Mapping[str, Any], bundle: str) -> dict[str, Any]:
    return {
        "version": installed_version(host),
        "gridd": host.path(GRIDD).exists(),
        "module": _has_module(host, kernel),
        "headers": host.path(f"/lib/modules/{kernel}/build/Makefile").is_file(),
        "tools": [tool for tool in BUILD_TOOLS if any(map(os.path.lexists, _program(host, tool)))],
        "whole": _is_whole(host, desired, bundle),
        "packaged": _is_packaged(host, desired),
        "begun": any(host.path(f"{place}/{BEGUN}").exists() for place in PLACES),
    }


def decide(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Decision:
    """`wanted` is the bundle's driver, empty where it brings none."""
    there = found["version"]
    if wanted and found["begun"]:
        return Decision(
            INSTALL, f"the installation of guest driver {wanted['version']} was begun and not ended"
        )
    if there and not found["gridd"]:
        return Decision(FOREIGN, f"driver {there} is there, which is no guest driver")
    decision = _by_version(found, wanted)
    if there and decision.action == INSTALL and found["packaged"] != (wanted["kind"] == DEB):
        kind = "a package" if found["packaged"] else "NVIDIA's installer"
        return Decision(FOREIGN, f"guest driver {there} came by {kind}, the bundle's would not")
    return decision


def _by_version(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Decision:
    there, version = found["version"], wanted.get("version", "")
    if not wanted:
        if found["gridd"]:
            return Decision(LEAVE, f"guest driver {there or 'of unknown version'} is there")
        return Decision(NONE, "the bundle brings no guest driver and the host has none")
    if numbers(there) < numbers(version):
        instead = f" replaces {there}" if there else ""
        return Decision(INSTALL, f"guest driver {version} from the bundle{instead}")
    if numbers(there) == numbers(version) and (missing := _missing(found)):
        return Decision(INSTALL, f"guest driver {version} is there, and {missing}")
    return Decision(LEAVE, f"guest driver {there} is there")


def _missing(found: Mapping[str, Any]) -> str:
    if not found["module"]:
        return "its module for the running kernel is not"
    return "" if found["whole"] else "its package is not wholly installed"


def build_packages(found: Mapping[str, Any], desired: Mapping[str, Any], kernel: str) -> list[dict[str, str]]:
    """What of the bundle the module is built with: headers where the host has none, DKMS and its tools."""
    headers = [] if found["headers"] else desired["headers"].get(kernel, [])
    # last: DKMS may bring the headers of some other kernel under the same name
    return list({package["name"]: package for package in (*desired["tools"], *headers)}.values())


def installed_version(host: Host) -> str:
    """Of the driver whose libraries are installed; empty where none are."""
    for folder in _LIBRARIES:
        target = os.path.realpath(host.path(f"{folder}/{_LIBRARY}"))
        suffix = os.path.basename(target).partition(".so.")[2]  # noqa: PTH119
        if os.path.exists(target) and len(numbers(suffix)) > 1:  # noqa: PTH110
            return suffix
    return ""


def _has_module(host: Host, kernel: str) -> bool:
    top = host.path(f"/lib/modules/{kernel}")
    return any(
        found.name.startswith(_MODULES) for place in _MODULE_PLACES for found in (top / place).rglob("*.ko*")
    )


def _program(host: Host, name: str) -> list[str]:
    return [os.fspath(host.path(f"{folder}/{name}")) for folder in ("/usr/bin", "/usr/local/bin", "/bin")]


def _is_packaged(host: Host, desired: Mapping[str, Any]) -> bool:
    system = package_systems.of(desired.get("package_system", package_systems.DEFAULT), host)
    return host.path(GRIDD).exists() and bool(system.owned([GRIDD]))


def _is_whole(host: Host, desired: Mapping[str, Any], bundle: str) -> bool:
    """Whether dpkg finished with the guest driver's package; what is no package has no such state."""
    driver = desired.get("driver") or {}
    if driver.get("kind") != DEB:
        return True
    status, name, _ = host.run(["dpkg-deb", "--field", f"{bundle}/{driver['path']}", "Package"], {})
    if status or not name.strip():
        return True
    status, out, _ = host.run(["dpkg-query", "-W", "-f", apt_system.QUERY, name.strip()], {"LC_ALL": "C"})
    return status == 0 and all(one.whole for one in apt_system.read_query(out))
