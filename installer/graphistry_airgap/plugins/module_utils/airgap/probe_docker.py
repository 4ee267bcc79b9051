"""Docker as it is: the settings file, and what a running daemon says about itself.

The daemon is asked over its socket only when a dockerd process exists: under
systemd's socket activation a mere connection would start it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .docker_api import DockerApi, DockerError, DockerUnreachableError
from .image_plan import parse_images
from .image_state import read_store, stored_configs, survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .probe_root import Host

DAEMON_JSON = "/etc/docker/daemon.json"
SOCKET = "/run/docker.sock"
_COMPOSE = "com.docker.compose."
_NAMELESS = "<none>:<none>"


def settings(host: Host) -> dict[str, Any]:
    """`daemon.json`: whether it parses, which keys it has, and the values that decide something here."""
    text = host.text(DAEMON_JSON)
    found: dict[str, Any] = {"path": DAEMON_JSON, "exists": text is not None, "error": "", "keys": []}
    value: Any = {}
    if text is not None and text.strip():
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            found["error"] = f"line {error.lineno}, column {error.colno}: {error.msg}"
        if not found["error"] and not isinstance(value, dict):
            found["error"] = f"line 1, column 1: the file holds a {type(value).__name__}, not an object"
    value = value if isinstance(value, dict) else {}
    features = value.get("features")
    found["keys"] = sorted(value)
    found["data_root"] = value.get("data-root")
    found["address_pools"] = value.get("default-address-pools") or []
    found["live_restore"] = value.get("live-restore") is True
    found["containerd_store"] = features.get("containerd-snapshotter") if isinstance(features, dict) else None
    return found


def engine(host: Host, images: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The running daemon's own account; `running` is False where there is none to ask."""
    found: dict[str, Any] = {"running": False, "error": "", "containers": [], "present": [], "networks": []}
    if not any(name == "dockerd" for _, name in host.processes()):
        return found
    found["running"] = True
    api = DockerApi(str(host.path(SOCKET)))
    try:
        store = read_store(api)
        found["version"] = store.version
        found["data_root"] = str(store.data_root)
        found["containerd_store"] = store.containerd
        found["live_restore"] = bool(api.info().get("LiveRestoreEnabled"))
        found["containers"] = [_container(item) for item in api.containers()]
        found["present"] = sorted(survey(api, parse_images(images)).present) if images else []
        found["networks"] = sorted(
            pool["Subnet"]
            for network in api.networks()
            for pool in (network.get("IPAM") or {}).get("Config") or []
            if pool.get("Subnet")
        )
    except (DockerError, DockerUnreachableError) as error:
        found["error"] = str(error)
    return found


def holdings(host: Host) -> dict[str, Any] | None:
    """Version, store and images of the daemon; None where none runs, `error` where it cannot be asked.

    An image is named by its config's digest; `unread` counts those whose config cannot be read.
    """
    if not any(name == "dockerd" for _, name in host.processes()):
        return None
    api = DockerApi(str(host.path(SOCKET)))
    try:
        store, entries = read_store(api), api.images()
    except (DockerError, DockerUnreachableError) as error:
        return {"error": str(error)}
    names: dict[str, set[str]] = {}
    unread = 0
    for entry in entries:
        roots, identity = store.containerd_roots(), str(entry["Id"])
        configs = list(stored_configs(roots, identity)) if store.containerd else [identity]
        unread += not configs
        for config in configs:
            names.setdefault(config, set()).update(set(entry.get("RepoTags") or ()) - {_NAMELESS})
    return {
        "version": store.version,
        "image_store": "containerd" if store.containerd else "classic",
        "images": [{"config": config, "names": sorted(names[config])} for config in sorted(names)],
        "unread": unread,
    }


def _container(item: dict[str, Any]) -> dict[str, Any]:
    labels = item.get("Labels") or {}
    return {
        "id": item["Id"][:12],
        "name": (item.get("Names") or [""])[0].lstrip("/"),
        "image": item.get("Image", ""),
        "project": labels.get(_COMPOSE + "project", ""),
        "service": labels.get(_COMPOSE + "service", ""),
        "directory": labels.get(_COMPOSE + "project.working_dir", ""),
        "ports": sorted({port["PublicPort"] for port in item.get("Ports") or [] if port.get("PublicPort")}),
    }


def has_snap(host: Host) -> bool:
    return host.path("/snap/docker").exists() or host.path("/var/snap/docker").exists()


def holds_classic_images(host: Host, data_root: str) -> bool:
    return bool(host.names(f"{data_root}/image"))
