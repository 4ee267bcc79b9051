"""The places that an installation writes to or starts programs from, as the kernel has them mounted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ...host import mounts as mount_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...host.machine import Host

_REMOUNT = "remount"


def places(host: Host, paths: Iterable[str], bundle: str, package_system: str) -> dict[str, Any]:
    """`mounts` by path, where the bundle lies, and what the host does about a /usr that is read-only."""
    table = mount_table.read(host)
    found = {path: _place(host, table, path) for path in sorted(set(paths))}
    usr = found.get("/usr", {})
    hooks = _remount_hooks(host) if package_system == "apt" and "ro" in usr.get("options", ()) else []
    return {
        "mounts": found,
        "bundle": mount_table.resolved(host, bundle) if bundle else "",
        "remount_hooks": hooks,
        "image_based": host.path("/run/ostree-booted").exists(),
    }


def _place(host: Host, table: list[mount_table.Mount], path: str) -> dict[str, Any]:
    """`resolved` has no links; `mount` is empty where the kernel's table could not be read.

    `inodes` of 0 with a `inodes_total` of 0 means that the file system has no fixed number.
    """
    resolved = mount_table.resolved(host, path)
    mount = mount_table.over(table, resolved)
    existing = host.existing(path)
    state = os.statvfs(existing)
    return {
        "resolved": resolved,
        "mount": mount.point if mount else "",
        "kind": mount.kind if mount else "",
        "options": list(mount.options) if mount else [],
        "obstacle": "" if existing.is_dir() else f"/{existing.relative_to(host.root)}",
        "inodes": state.f_favail,
        "inodes_total": state.f_files,
    }


def _remount_hooks(host: Host) -> list[str]:
    """Commands by which the host's own apt makes a read-only place writable (apt.conf(5))."""
    status, out, _ = host.run(["env", "apt-config", "dump", "--format", "%v%n", "DPkg::Pre-Invoke"], {})
    return [line.strip() for line in out.splitlines() if _REMOUNT in line] if status == 0 else []
