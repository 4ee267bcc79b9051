"""The files that a bundle carries for what runs before its Python: sh and awk, readable as they are."""

from __future__ import annotations

import re
from pathlib import Path

_INCLUDE = re.compile(r"^@(?P<name>[a-z]+\.awk)@\n", re.MULTILINE)
HERE = Path(__file__).resolve().parent
# what comes first and last does; between them are functions alone
PARTS = (
    *(
        "head",
        "words",
        "room",
        "exits",
        "armor",
        "keyring",
        "verdict",
        "signature",
        "names",
        "platform",
        "sums",
    ),
    *("packages", "fapolicyd", "runtime", "places", "main"),
)


def install_sh() -> bytes:
    """install.sh, one file, because who checks it by hand must check one; its parts lie in `install/`.

    A line `@NAME@` of a part stands for the lines of the file NAME beside it.
    """
    return "\n".join(_part(f"{name}.sh") for name in PARTS).encode()


def packages_sh(package_system: str) -> bytes:
    """What of install.sh is particular to a package system: `apt` or `dnf`."""
    return (HERE / f"packages-{package_system}.sh").read_bytes()


def _part(name: str) -> str:
    text = (HERE / "install" / name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda line: _part(line["name"]), text)
