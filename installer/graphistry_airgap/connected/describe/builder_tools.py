"""Versions of the programs that shape a bundle's bytes."""

from __future__ import annotations

import platform
import re
from typing import TYPE_CHECKING

from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROGRAMS = {"apt": "apt-get", "dnf": "dnf"}
_VERSION = re.compile(r"\d[\w.+~-]*")


def builder_tools(package_systems: Iterable[str]) -> dict[str, str]:
    """Ours, Python's, zstd's, and of each package system the one that resolved."""
    programs = {"zstd": "zstd"} | {system: _PROGRAMS[system] for system in package_systems}
    found = {name: _version(program) for name, program in programs.items()}
    return {"graphistry-airgap": __version__, "Python": platform.python_version(), **found}


def _version(program: str) -> str:
    said = run([program, "--version"]).stdout
    found = _VERSION.search(re.sub(r"\(\d+-bit\)", "", said))
    return found[0].rstrip(",") if found else "unknown"
