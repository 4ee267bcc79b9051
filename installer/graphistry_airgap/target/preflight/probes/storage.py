"""What decides which storage driver Docker takes: what lies in its data root, the kernel, the file system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...host import kernel_modules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...host.machine import Host

# by Docker's own order; the first that has something in the data root is taken again (moby, graphdriver.New)
DRIVERS = ("overlay2", "fuse-overlayfs", "btrfs", "zfs", "vfs")


def storage(host: Host, data_root: str, place: Mapping[str, Any], kernel: str) -> dict[str, Any]:
    return {
        "prior": [driver for driver in DRIVERS if host.names(f"{data_root}/{driver}")],
        "overlay": _kernel_has_overlay(host, kernel),
        "d_type": _has_d_type(host, place),
    }


def _kernel_has_overlay(host: Host, kernel: str) -> bool | None:
    """None where neither the kernel nor its modules can be asked, as in a container."""
    known = (host.text("/proc/filesystems") or "").split()
    return True if "overlay" in known else kernel_modules.has(host, kernel, "overlay")


def _has_d_type(host: Host, place: Mapping[str, Any]) -> bool | None:
    """Whether directories of an xfs tell of what kind each entry is; without that overlay refuses it."""
    if place["kind"] != "xfs":
        return True
    status, out, _ = host.run(["env", "xfs_info", place["mount"]], {"LC_ALL": "C"})
    found = re.search(r"\bftype=([01])", out) if status == 0 else None
    return None if found is None else found[1] == "1"
