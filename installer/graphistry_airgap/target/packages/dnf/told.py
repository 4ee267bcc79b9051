"""What packages say of themselves: which digests they carry, and the module stream that they are of."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...host.machine import Host

_MODULES = "/etc/dnf/modules.d"
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_DIGESTS = ("SHA256HEADER", "PAYLOADDIGEST")
_FIELDS = (
    "%{NAME}",
    "%{VERSION}-%{RELEASE}",
    *(f"%|{tag}?{{yes}}:{{}}|" for tag in _DIGESTS),
    "%{MODULARITYLABEL}",
)
_FORMAT = "\\t".join(_FIELDS) + "\\n"


@dataclass(frozen=True)
class Told:
    """`sha256`: its header and its payload have such digests; `module` and `stream` are empty without one."""

    name: str
    version: str
    sha256: bool
    module: str
    stream: str


def of_files(host: Host, files: Sequence[str]) -> list[Told]:
    """One for each package file that rpm can read."""
    if not files:
        return []
    # whether they are signed is asked elsewhere
    _, out, _ = host.run(["rpm", "-qp", "--nosignature", "--nodigest", "--qf", _FORMAT, *files], _ENVIRONMENT)
    return [_told(line) for line in out.splitlines()]


def _told(line: str) -> Told:
    name, version, header, payload, label = line.split("\t")
    # name:stream:version:context
    module, stream = label.split(":")[:2] if ":" in label else ("", "")
    return Told(name, version, bool(header and payload), module, stream)


def enabled_streams(host: Host) -> dict[str, tuple[str, str]]:
    """Module to the stream that the host's dnf keeps to, and the file that says so."""
    found = {}
    for name in host.names(_MODULES):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(host.text(f"{_MODULES}/{name}") or "")
        except configparser.Error:
            continue
        for module in parser.sections():
            row = parser[module]
            if row.get("state") == "enabled" and row.get("stream"):
                found[module] = (row["stream"], f"{_MODULES}/{name}")
    return found
