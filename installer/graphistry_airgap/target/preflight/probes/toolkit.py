"""How NVIDIA's toolkit is told to hand devices over, as its own configuration on this host says.

The package makes the file, or completes one of the site's; without one the toolkit's defaults count
(NVIDIA/nvidia-container-toolkit, `internal/config/toml.go`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...host.machine import Host

PROGRAM = "/usr/bin/nvidia-ctk"
CONFIG = "/etc/nvidia-container-runtime/config.toml"
AUTO, LEGACY = "auto", "legacy"
_TABLE = "nvidia-container-runtime"
_HEADER = re.compile(r"""^\[\s*["']?([^"'\]\s]+)["']?\s*\]\s*(?:#.*)?$""")
_KEY = re.compile(r"""^["']?(?:nvidia-container-runtime["']?\s*\.\s*["']?)?mode["']?\s*=\s*(.*)$""")
_VALUE = re.compile(r"""^(["'])([a-z-]*)\1\s*(?:#.*)?$""")


def toolkit(host: Host) -> dict[str, Any]:
    """`mode` is None where the file is there and does not say it in a way that is known."""
    there = host.path(PROGRAM).exists()
    if not host.path(CONFIG).exists():
        return {"there": there, "mode": AUTO}
    text = host.text(CONFIG)
    return {"there": there, "mode": None if text is None else mode(text)}


def mode(text: str) -> str | None:
    """`mode` of `[nvidia-container-runtime]`, or as a dotted key; None where it is not plain."""
    table = ""
    for line in map(str.strip, text.splitlines()):
        if header := _HEADER.match(line):
            table = header[1]
        elif not table and re.match(rf"""["']?{_TABLE}["']?\s*=""", line):
            return None  # the whole table on one line
        elif (key := _KEY.match(line)) and (table == _TABLE or (not table and _TABLE in line)):
            value = _VALUE.match(key[1])
            return (value[2] or AUTO) if value else None
    return AUTO
