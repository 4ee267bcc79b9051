"""`daemon.json`: what this installer adds, and what a running daemon still lacks of it.

Keys that the site has set survive.  Functions over the parsed file and the
daemon's own `docker info`, so that a run that was killed between a changed file
and the restart it needs is seen by the next one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import pools as network_pools

if TYPE_CHECKING:
    from collections.abc import Mapping

POOLS = "default-address-pools"
DEFAULT_ROOT = "/var/lib/docker"
SNAPSHOTTER = "containerd-snapshotter"
# what dockerd takes over on SIGHUP; every other key needs a restart
RELOADABLE = frozenset(
    {
        "debug",
        "default-runtime",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    }
)


# ours, and not needed: a log that does not rotate fills a disk some day
OPTIONAL = frozenset({"log-driver", "log-opts"})
NO_FLAGS: Mapping[str, list[str]] = {}


class ConfigError(Exception):
    """What the site asks for contradicts what the host has; `code` and `hint` go to the operator."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class Wanted:
    """`image_store` is default, classic or containerd; `written_pools` are the pools that this installer ever
    wrote here."""

    data_root: str = DEFAULT_ROOT
    image_store: str = "default"
    address_pools: list[dict[str, Any]] = field(default_factory=list)
    log_options: dict[str, str] = field(default_factory=dict)
    written_pools: list[list[dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class Root:
    """The data root that the host has now: whether it holds anything, and in which store."""

    path: str
    used: bool = False
    store: str = "classic"
    swarm: bool = False


def running_root(info: Mapping[str, Any]) -> Root:
    """The data root of a daemon that runs, by its `docker info`."""
    swarm = (info.get("Swarm") or {}).get("LocalNodeState") == "active"
    used = bool(info.get("Images") or info.get("Containers"))
    return Root(str(info["DockerRootDir"]), used=used, store=running_store(info), swarm=swarm)


def current_root(config: Mapping[str, Any]) -> str:
    """`graph` is the key's old name."""
    return str(config.get("data-root") or config.get("graph") or DEFAULT_ROOT)


def merge(
    config: Mapping[str, Any], wanted: Wanted, root: Root, flags: Mapping[str, list[str]] = NO_FLAGS
) -> dict[str, Any]:
    """The file as it should be; raises `ConfigError` where that would hide or contradict something.

    `flags` are keys that dockerd's own flags give: with one of them in the file, too, Docker would not start.
    """
    merged = dict(config)
    _refuse_flags(wanted, flags)
    if "data-root" not in flags:
        _merge_root(merged, wanted, root)
    if "features" not in flags:
        _merge_store(merged, wanted, root)
    if POOLS not in flags:
        _merge_pools(merged, wanted)
    if not {"log-driver", "log-opts"} & {*merged, *flags}:
        merged["log-driver"] = "json-file"
        merged["log-opts"] = dict(wanted.log_options)
    if not root.swarm and "live-restore" not in flags:
        # the daemon refuses to start with both
        merged.setdefault("live-restore", True)
    return merged


def without_optional(config: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """The merged file without what is good to have and needs a restart: nothing stops for that."""
    return {key: value for key, value in merged.items() if key in config or key not in OPTIONAL}


def needs_restart(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Changed keys that a reload does not take over."""
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    return sorted(changed - RELOADABLE)


@dataclass(frozen=True)
class Lag:
    """Keys of the file that the running daemon has not taken over."""

    restart: list[str]
    reload: list[str]


def lag(config: Mapping[str, Any], info: Mapping[str, Any]) -> Lag:
    """Compare the file with `docker info`, for the keys that info shows and this product needs."""
    restart, reload = [], []
    root = config.get("data-root")
    # userns-remap appends a directory of its own to the root
    if root and "userns-remap" not in config and _real(root) != _real(info.get("DockerRootDir")):
        restart.append("data-root")
    pools = config.get("default-address-pools")
    if pools and _pools(pools, "base", "size") != _pools(
        info.get("DefaultAddressPools") or [], "Base", "Size"
    ):
        restart.append("default-address-pools")
    snapshotter = (config.get("features") or {}).get(SNAPSHOTTER)
    if snapshotter is not None and bool(snapshotter) != (running_store(info) == "containerd"):
        restart.append("features")
    if bool(config.get("live-restore")) != bool(info.get("LiveRestoreEnabled")):
        reload.append("live-restore")
    if config.get("default-runtime", info.get("DefaultRuntime")) != info.get("DefaultRuntime"):
        reload.append("default-runtime")
    if set(config.get("runtimes") or {}) - set(info.get("Runtimes") or {}):
        reload.append("runtimes")
    return Lag(restart, reload)


def running_store(info: Mapping[str, Any]) -> str:
    """`containerd` or `classic`."""
    status = dict(pair for pair in info.get("DriverStatus") or [] if len(pair) == 2)
    return "containerd" if "snapshotter" in str(status.get("driver-type", "")) else "classic"


def _refuse_flags(wanted: Wanted, flags: Mapping[str, list[str]]) -> None:
    """What the site file asks for and a flag of Docker's unit decides otherwise."""
    root = flags.get("data-root", [DEFAULT_ROOT])[-1]
    asked = {
        "data-root": wanted.data_root not in (DEFAULT_ROOT, root) and "data-root" in flags,
        POOLS: bool(wanted.address_pools) and POOLS in flags,
        "features": wanted.image_store != "default" and "features" in flags,
    }
    refuse_as_flags(sorted(name for name, contradicts in asked.items() if contradicts), flags)


def refuse_as_flags(names: list[str], flags: Mapping[str, list[str]]) -> None:
    """With one of these in the file beside the flag Docker would not start."""
    if names:
        shown = ", ".join(f"{name} ({', '.join(flags[name])})" for name in names)
        raise ConfigError(
            f"Docker's unit gives {shown} as flags, and the installation has to set that in daemon.json; "
            "with both Docker would not start",
            code="host-docker-flags",
            hint="leave it out of the site file, or take the flag out of the unit, its drop-ins or "
            "/etc/default/docker (`systemctl cat docker`)",
        )


def _merge_root(merged: dict[str, Any], wanted: Wanted, root: Root) -> None:
    if wanted.data_root in (DEFAULT_ROOT, root.path):
        return
    if current_root(merged) != DEFAULT_ROOT:
        raise ConfigError(
            f"daemon.json names the data root {root.path}, the site file {wanted.data_root}",
            code="host-data-root-conflict",
            hint="make docker.data_root of the site file the one of daemon.json, or leave it out",
        )
    if root.used:
        raise ConfigError(
            f"Docker already keeps images or containers under {root.path}; "
            f"the data root {wanted.data_root} of the site file would hide them",
            code="host-data-root-in-use",
            hint=f"leave docker.data_root out of the site file, or move {root.path} first",
        )
    merged["data-root"] = wanted.data_root


def _merge_pools(merged: dict[str, Any], wanted: Wanted) -> None:
    there = network_pools.listed(merged.get(POOLS) or [])
    pools = network_pools.to_be(there, wanted.address_pools, wanted.written_pools)
    if pools is None:
        raise ConfigError(
            f"daemon.json sets {POOLS} to {there}, the site file docker.address_pools to "
            f"{wanted.address_pools}",
            code="host-address-pools-conflict",
            hint="make docker.address_pools of the site file the one of daemon.json, leave it out, or take "
            f"{POOLS} out of daemon.json",
        )
    if pools != there:
        merged[POOLS] = [dict(pool) for pool in pools]
        if not pools:
            del merged[POOLS]


def _merge_store(merged: dict[str, Any], wanted: Wanted, root: Root) -> None:
    if wanted.image_store == "default":
        return
    on = wanted.image_store == "containerd"
    features = dict(merged.get("features") or {})
    if features.get(SNAPSHOTTER) is on:
        return
    if root.used:
        if root.store != wanted.image_store:
            raise ConfigError(
                f"the image store of {root.path} is the {root.store} one and it is in use; "
                f"switching it to {wanted.image_store} would hide its images and containers",
                code="host-image-store-in-use",
                hint="set docker.image_store to default in the site file; a used store is never switched",
            )
        return
    merged["features"] = {**features, SNAPSHOTTER: on}


def _real(path: Any) -> str:
    return os.path.realpath(str(path))


def _pools(pools: list[Mapping[str, Any]], base: str, size: str) -> list[tuple[str, int]]:
    return [(str(pool.get(base)), int(pool.get(size) or 0)) for pool in pools]
