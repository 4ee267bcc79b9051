"""The files that a bundle carries for what runs before its Python: sh and awk, readable as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_INCLUDE = re.compile(r"^@(?P<name>[a-z]+\.awk)@\n", re.MULTILINE)
HERE = Path(__file__).resolve().parent
# what comes first and last does; between them are functions alone
PARTS = (
    *(
        "head",
        "environment",
        "words",
        "room",
        "exits",
        "armor",
        "keyring",
        "verdict",
        "signature",
        "names",
        "identities",
        "platform",
        "sums",
    ),
    *("packages", "fapolicyd", "interpreter", "runtime", "places", "main"),
)


# what of them judges a bundle, for a play's first task
VERIFIER = (
    "verify/head",
    *(f"install/{name}" for name in ("environment", "words", "room", "exits")),
    *(f"install/{name}" for name in ("armor", "keyring", "verdict", "signature", "names", "sums")),
    "verify/main",
)


def install_sh() -> bytes:
    """install.sh, one file, because who checks it by hand must check one; its parts lie in `install/`.

    A line `@NAME@` of a part stands for the lines of the file NAME beside it.
    """
    return _joined(f"install/{name}" for name in PARTS)


def verify_sh() -> bytes:
    """The same judge without what installs: `sh FILE BUNDLE KEYRING [NUMBER OF SIGNERS]`."""
    return _joined(VERIFIER)


def packages_sh(package_system: str) -> bytes:
    """What of install.sh is particular to a package system: `apt` or `dnf`."""
    return (HERE / f"packages-{package_system}.sh").read_bytes()


def _joined(names: Iterable[str]) -> bytes:
    return "\n".join(_part(f"{name}.sh") for name in names).encode()


def _part(name: str) -> str:
    text = (HERE / name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda line: _part(f"install/{line['name']}"), text)
