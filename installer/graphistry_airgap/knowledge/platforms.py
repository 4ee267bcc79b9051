"""The operating systems that bundles are made for: everything that differs between them, a file each.

`platforms/NAME.json`, by the schema `platform-v1`.  A package group is named by its roots; its closure over
the platform's base is resolved at build.  Nothing else compares distribution names: what differs hangs on the
package system, or on a key of these files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from graphistry_airgap.content import PACKAGE

PackageSystem = Literal["apt", "dnf"]
FOLDER = PACKAGE / "knowledge" / "platforms"
# systems that are known and taken no more, with why
REFUSED = PACKAGE / "knowledge" / "refused.json"
# minor versions of glibc by which wheels for x86-64 are tagged; newest first, every older one loads, too
_WHEEL_GLIBC = (34, 28, 17)
_ARCHITECTURE = "x86_64"


@dataclass(frozen=True)
class Platform:
    """`ends` is the last month in which its maker mends it, `interpreter_ends` that of a Python which comes
    with the bundle, both `YYYY-MM`: empty where that is not known, or where none comes."""

    name: str
    title: str
    ids: dict[str, str]
    version: str
    package_system: PackageSystem
    architecture: str
    python_version: str
    modules_python: str
    glibc: tuple[int, int]
    base: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    kernel_groups: dict[str, tuple[str, ...]]
    preferred: dict[str, tuple[str, ...]]
    sha1_keys: bool
    elsewhere: dict[str, str]
    guest_drivers: tuple[str, ...]
    module_tools: tuple[str, ...]
    ends: str = ""
    interpreter_ends: str = ""

    @classmethod
    def read(cls, name: str, document: dict[str, Any]) -> Platform:
        major, minor = map(int, document["glibc"].split("."))
        return cls(
            name=name,
            title=document["title"],
            ids=document["ids"],
            version=document["version"],
            package_system=document["package_system"],
            architecture=document["architecture"],
            python_version=document["python"],
            modules_python=document["modules_python"],
            glibc=(major, minor),
            base=tuple(document["base"]),
            groups=_roots(document["groups"]),
            kernel_groups=_roots(document.get("kernel_groups", {})),
            preferred=_roots(document["preferred"]),
            sha1_keys=document.get("sha1_keys", True),
            elsewhere=document.get("elsewhere", {}),
            guest_drivers=tuple(document["guest_drivers"]),
            module_tools=tuple(document["module_tools"]),
            ends=document.get("ends", ""),
            interpreter_ends=document.get("interpreter", {}).get("ends", ""),
        )

    @property
    def brings_interpreter(self) -> bool:
        """Whether the tool's Python comes with the bundle, because the system packages none for it."""
        return bool(self.interpreter_ends)

    def pythons(self, *, own: bool) -> list[dict[str, Any]]:
        """What of Python a host has and until when it is mended, where that is known: `[{name, ends, own}]`.

        `own` asks for the bundle's interpreter, too, which is on the tool's own machine alone.
        """
        found = []
        if own and self.interpreter_ends:
            found.append(
                {"name": f"Python {self.python_version}", "ends": self.interpreter_ends, "own": True}
            )
        if self.ends:
            found.append({"name": self.title, "ends": self.ends, "own": False})
        return found

    @property
    def python_abis(self) -> tuple[str, ...]:
        """What compiled wheels for its Python are tagged with."""
        return (f"cp{self.python_version.replace('.', '')}", "abi3", "none")

    @property
    def wheel_platforms(self) -> tuple[str, ...]:
        minors = (minor for minor in _WHEEL_GLIBC if (2, minor) <= self.glibc)
        return (
            *(f"manylinux_2_{minor}_{_ARCHITECTURE}" for minor in minors),
            f"manylinux2014_{_ARCHITECTURE}",
        )

    def loads(self, wheel: str) -> bool:
        """Whether its Python takes a wheel, by the tags at the end of the file's name (PEP 425, 600)."""
        python, abi, platform = wheel.removesuffix(".whl").rsplit("-", 3)[1:]
        major, minor = map(int, self.python_version.split("."))
        # what is built against the stable ABI loads on each later minor, too
        older = {f"cp{major}{one}" for one in range(2, minor + 1)} if abi == "abi3" else set()
        pythons = {f"py{major}", f"py{major}{minor}", f"cp{major}{minor}", *older}
        return (
            bool(pythons & {*python.split(".")})
            and bool({*self.python_abis} & {*abi.split(".")})
            and bool({"any", *self.wheel_platforms} & {*platform.split(".")})
        )


def _roots(groups: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {group: tuple(names) for group, names in groups.items()}


def _in_order(name: str) -> tuple[str, list[int]]:
    family, _, version = name.partition("-")
    return family, [int(number) for number in version.split(".")]


@cache
def load_platforms() -> dict[str, dict[str, Any]]:
    """Name to document, in the order of the names, 8 before 10."""
    files = sorted(FOLDER.glob("*.json"), key=lambda path: _in_order(path.stem))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def load_refused() -> dict[str, dict[str, Any]]:
    """Name of a system to `{ids, version, reason, hint}`."""
    found: dict[str, dict[str, Any]] = json.loads(REFUSED.read_text(encoding="utf-8"))
    return found


PLATFORMS = {name: Platform.read(name, document) for name, document in load_platforms().items()}
