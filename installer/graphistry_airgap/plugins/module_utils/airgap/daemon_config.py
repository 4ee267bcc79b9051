"""`daemon.json`: what this installer adds, and what a running daemon still lacks of it.

Keys that the site has set survive.  Functions over the parsed file and the
daemon's own `docker info`, so that a run that was killed between a changed file
and the restart it needs is seen by the next one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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


class ConfigError(Exception):
    """What the site asks for contradicts what the host has; `code` and `hint` go to the operator."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class Wanted:
    """`image_store` is default, classic or containerd."""

    data_root: str = DEFAULT_ROOT
    image_store: str = "default"
    address_pools: list[dict[str, Any]] = field(default_factory=list)
    log_options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Root:
    """The data root that the host has now: whether it holds anything, and in which store."""

    path: str
    used: bool = False
    store: str = "classic"
    swarm: bool = False


def current_root(config: Mapping[str, Any]) -> str:
    """`graph` is the key's old name."""
    return str(config.get("data-root") or config.get("graph") or DEFAULT_ROOT)


def merge(config: Mapping[str, Any], wanted: Wanted, root: Root) -> dict[str, Any]:
    """The file as it should be; raises `ConfigError` where that would hide or contradict something."""
    merged = dict(config)
    _merge_root(merged, wanted, root)
    _merge_store(merged, wanted, root)
    if wanted.address_pools:
        merged.setdefault("default-address-pools", [dict(pool) for pool in wanted.address_pools])
    if "log-driver" not in merged and "log-opts" not in merged:
        merged["log-driver"] = "json-file"
        merged["log-opts"] = dict(wanted.log_options)
    if not root.swarm:
        # the daemon refuses to start with both
        merged.setdefault("live-restore", True)
    return merged


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
    """Compare the file with `docker info`, for the keys that info shows."""
    restart, reload = [], []
    root = config.get("data-root")
    # userns-remap appends a directory of its own to the root
    if root and "userns-remap" not in config and _real(root) != _real(info.get("DockerRootDir")):
        restart.append("data-root")
    if config.get("log-driver", info.get("LoggingDriver")) != info.get("LoggingDriver"):
        restart.append("log-driver")
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
