"""The order of package versions, by the programs that define it."""

from __future__ import annotations

import re

from graphistry_airgap.bundle.values import VERSION
from graphistry_airgap.core.adapters.process import require, run

_UPSTREAM = re.compile(r"(?:\d+:)?(?P<upstream>\d+(?:\.\d+)+)")


def not_older(package_system: str, installed: str, wanted: str) -> bool:
    """Whether `installed` is `wanted` or newer; False where the two cannot be compared."""
    if installed == wanted:
        return True
    if not (VERSION.fullmatch(installed) and VERSION.fullmatch(wanted)):
        return False
    return _BY_SYSTEM[package_system](installed, wanted)


def upstream_version(version: str) -> str:
    """NVIDIA's own version out of a package's, `550.163.01` out of `550.163.01-2`; empty without one."""
    match = _UPSTREAM.match(version)
    return match["upstream"] if match else ""


def _by_dpkg(installed: str, wanted: str) -> bool:
    require("dpkg", package="dpkg")
    return run(["dpkg", "--compare-versions", installed, "ge", wanted]).ok


def _by_rpm(installed: str, wanted: str) -> bool:
    require("rpm", package="rpm")
    outcome = run(["rpm", "--eval", f'%{{lua:print(rpm.vercmp("{installed}", "{wanted}"))}}'])
    return outcome.stdout.strip() in ("0", "1")


_BY_SYSTEM = {"apt": _by_dpkg, "dnf": _by_rpm}
