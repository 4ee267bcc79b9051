"""Docker as it is: the settings file, and what a running daemon says about itself.

The daemon is asked over its socket only when a dockerd process exists: under
systemd's socket activation a mere connection would start it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...docker import flags as docker_flags, json_text as daemon_text
from ...docker.api import DockerApi, DockerError, DockerUnreachableError
from ...docker.images.plan import parse_images
from ...docker.images.state import read_store, stored_configs, survey
from . import network as probe_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...docker.images.state import Survey
    from ...host.machine import Host

DAEMON_JSON = "/etc/docker/daemon.json"
WRITTEN_POOLS = "/var/lib/graphistry-airgap/docker-pools.json"
SOCKET = "/run/docker.sock"
# of `docker info` what decides about a restart
_INFO = (
    "DockerRootDir",
    "DefaultAddressPools",
    "DriverStatus",
    "LiveRestoreEnabled",
    "DefaultRuntime",
    "Runtimes",
    "Images",
    "Containers",
    "Swarm",
)
_COMPOSE = "com.docker.compose."
_NAMELESS = "<none>:<none>"


def settings(host: Host, packages: Sequence[str] = ()) -> dict[str, Any]:
    """`daemon.json`: whether it parses, which keys it has; the values that decide something, from the file or
    from `flags`, the keys that Docker's unit gives (`packages` bring it where it is not there yet).
    """
    text = host.text(DAEMON_JSON)
    found: dict[str, Any] = {"path": DAEMON_JSON, "exists": text is not None, "error": "", "keys": []}
    value: dict[str, Any] = {}
    try:
        value = daemon_text.read(text or "").values
    except daemon_text.TextError as error:
        found["error"] = str(error)
    found["keys"] = sorted(value)
    given = docker_flags.as_settings(docker_flags.flags(host, packages).keys)
    found["flags"] = sorted(set(given) - set(value))
    value = {**given, **value}
    features = value.get("features")
    found["data_root"] = value.get("data-root")
    found["address_pools"] = value.get("default-address-pools") or []
    found["network"] = probe_network.settings(value)
    found["firewall_backend"] = value.get("firewall-backend")
    found["live_restore"] = value.get("live-restore") is True
    found["containerd_store"] = features.get("containerd-snapshotter") if isinstance(features, dict) else None
    return found


def engine(host: Host, images: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The running daemon's own account; `running` is False where there is none to ask."""
    found: dict[str, Any] = {"running": False, "error": "", "containers": [], "present": []}
    found |= {"renamed": [], "networks": [], "bridges": []}
    if not any(name == "dockerd" for _, name in host.processes()):
        return found
    found["running"] = True
    api = DockerApi(str(host.path(SOCKET)))
    try:
        store = read_store(api)
        found["version"] = store.version
        found["data_root"] = str(store.data_root)
        found["containerd_store"] = store.containerd
        info = api.info()
        found["live_restore"] = bool(info.get("LiveRestoreEnabled"))
        found["info"] = {key: info.get(key) for key in _INFO}
        pools = info.get("DefaultAddressPools") or []
        found["address_pools"] = [{"base": pool.get("Base"), "size": pool.get("Size")} for pool in pools]
        found["driver"] = str(info.get("Driver", ""))
        found["containers"] = [_container(item) for item in api.containers()]
        if images:
            known = survey(api, parse_images(images))
            found["present"] = sorted(known.present)
            found["renamed"] = _renamed(known, api.containers(stopped=True))
        found["bridges"] = probe_network.networks_of(api.networks())
        found["networks"] = sorted(subnet for one in found["bridges"] for subnet in one["subnets"])
    except (DockerError, DockerUnreachableError) as error:
        found["error"] = str(error)
    return found


def _renamed(known: Survey, containers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Names of wanted images that lead to another image now, and the containers made from that."""
    return [
        {
            "name": name,
            "id": identity,
            "containers": sorted(
                item["Names"][0].lstrip("/") for item in containers if item.get("ImageID") == identity
            ),
        }
        for name, identity in sorted(known.names.items())
        if identity and identity not in known.present.values()
    ]


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


def written_pools(host: Host) -> list[list[Any]]:
    """The lists of address pools that this installer has ever written into daemon.json."""
    found = host.json(WRITTEN_POOLS)
    return found if isinstance(found, list) else []


def has_snap(host: Host) -> bool:
    return host.path("/snap/docker").exists() or host.path("/var/snap/docker").exists()


def holds_classic_images(host: Host, data_root: str) -> bool:
    return bool(host.names(f"{data_root}/image"))
