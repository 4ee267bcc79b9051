"""How the packages stand that the bundle brings, and whether dpkg itself is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packages import QUERY, command_of, lock_holder, read_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .packages import Installed
    from .probe_root import Host

_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
# other packagings of Docker that cannot stand beside Debian's docker.io, and podman's imitation of it
RIVALS = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-engine", "moby-engine", "podman-docker")


def packages(host: Host, wanted: Sequence[dict[str, str]]) -> dict[str, Any]:
    admin = host.path("/var/lib/dpkg")
    _, out, _ = host.run(["dpkg-query", f"--admindir={admin}", "-W", "-f", QUERY], {})
    known = read_query(out)
    whole = {item.name: item for item in known if item.whole}
    journal = [name for name in host.names("/var/lib/dpkg/updates") if name.isdigit()]
    return {
        "wanted": [_standing(host, item, whole.get(item["name"])) for item in wanted],
        "rivals": {name: whole[name].version for name in RIVALS if name in whole},
        "unfinished": sorted({item.name for item in known if item.unfinished}),
        "triggered": sorted({item.name for item in known if item.triggered}),
        "journal": len(journal),
        "lock": _lock(host),
    }


def _standing(host: Host, item: dict[str, str], present: Installed | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": item["name"], "version": item["version"], "installed": "", "held": False}
    if present is None:
        return {**found, "standing": "absent"}
    standing = _compare(host, present.version, item["version"])
    return {**found, "installed": present.version, "held": present.held, "standing": standing}


def _compare(host: Host, installed: str, wanted: str) -> str:
    if installed == wanted:
        return "equal"
    status, _, _ = host.run(["dpkg", "--compare-versions", installed, "lt", wanted], {})
    return "older" if status == 0 else "newer"


def _lock(host: Host) -> dict[str, Any]:
    for name in _LOCKS:
        if pid := lock_holder(host.path(name)):
            return {"path": name, "pid": pid, "process": command_of(pid)}
    return {}
