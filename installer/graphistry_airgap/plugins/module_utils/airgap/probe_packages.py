"""How the packages stand that the bundle brings, and whether the package database is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .packages import Installed, PackageSystem

# other packagings of Docker, and podman's imitation of it
RIVALS = (
    "docker.io",
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "docker-engine",
    "moby-engine",
    "podman-docker",
)


def packages(
    system: PackageSystem, wanted: Sequence[Mapping[str, str]], assumed: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """`assumed` are packages that the bundle does not hold because hosts were said to have them."""
    known = system.installed()
    # of two architectures of one package the whole one counts
    present = {item.name: item for item in sorted(known, key=lambda item: item.whole)}
    whole = {name: item for name, item in present.items() if item.whole}
    own = {item["name"] for item in wanted}
    holder = system.lock()
    return {
        "wanted": [_standing(system, item, present.get(item["name"])) for item in wanted],
        "assumed": [_standing(system, item, present.get(item["name"])) for item in assumed],
        "rivals": {name: whole[name].version for name in RIVALS if name in whole and name not in own},
        "unfinished": sorted({item.name for item in known if item.unfinished}),
        "triggered": sorted({item.name for item in known if item.triggered}),
        "journal": system.journal(),
        "lock": holder.as_dict() if holder else {},
    }


def _standing(system: PackageSystem, item: Mapping[str, str], present: Installed | None) -> dict[str, Any]:
    held = system.is_held(item, [present] if present else [])
    if present is None or not present.whole:
        return {**item, "installed": "", "held": held, "standing": "absent"}
    standing = _compare(system, present.version, item["version"])
    return {**item, "installed": present.version, "held": held, "standing": standing}


def _compare(system: PackageSystem, installed: str, wanted: str) -> str:
    if installed == wanted:
        return "equal"
    return "older" if system.is_older(installed, wanted) else "newer"
