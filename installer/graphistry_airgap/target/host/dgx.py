"""DGX OS: Ubuntu by its os-release(5), with a driver, a Docker and a container toolkit that are NVIDIA's.

Which it is stands in a file of its own, with the machine's serial number, which is left there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .platforms import os_release

if TYPE_CHECKING:
    from .machine import Host

RELEASE = "/etc/dgx-release"
# as updated since, and as it was imaged
_VERSIONS = ("DGX_OTA_VERSION", "DGX_SWBUILD_VERSION")


def version(host: Host) -> str:
    """`unknown` where the file does not tell it; empty on every other system."""
    if not host.path(RELEASE).exists():
        return ""
    told = os_release(host.text(RELEASE) or "")
    return next((told[key] for key in _VERSIONS if told.get(key)), "unknown")
