"""How the packages stand that the bundle brings, and whether the package database is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...packages.model import same_architecture, standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...packages.model import Installed, PackageSystem

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
    present: dict[str, list[Installed]] = {}
    for item in known:
        present.setdefault(item.name, []).append(item)
    whole = {item.name: item for item in known if item.whole}
    own = {item["name"] for item in wanted}
    holder = system.lock()
    return {
        "wanted": [_state(system, item, present.get(item["name"], [])) for item in wanted],
        "assumed": [_state(system, item, present.get(item["name"], [])) for item in assumed],
        "rivals": {name: whole[name].version for name in RIVALS if name in whole and name not in own},
        "unfinished": sorted({item.name for item in known if item.unfinished}),
        "triggered": sorted({item.name for item in known if item.triggered}),
        "journal": system.journal(),
        "lock": holder.as_dict() if holder else {},
    }


def _state(system: PackageSystem, item: Mapping[str, str], present: Sequence[Installed]) -> dict[str, Any]:
    candidates = [package for package in present if same_architecture(package, item)]
    held = system.is_held(item, candidates)
    whole = standing(candidates, item, system)
    if whole is None:
        return {**item, "installed": "", "held": held, "state": "absent"}
    state = _compare(system, whole.version, item["version"])
    return {**item, "installed": whole.version, "held": held, "state": state}


def _compare(system: PackageSystem, installed: str, wanted: str) -> str:
    if installed == wanted:
        return "equal"
    return "older" if system.is_older(installed, wanted) else "newer"
