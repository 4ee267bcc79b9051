"""Judgements about Docker: its settings, other engines, a restart, networks and ports."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from . import package_words
from .daemon_config import DEFAULT_ROOT
from .findings import ERROR, INFO, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Docker's own pools when nobody sets any, in the order in which networks take them
_BRIDGES = ("172.17.0.0/16", "172.18.0.0/16")
# older ones do not know the feature `containerd-snapshotter`
_OLDEST_WITH_CONTAINERD_STORE = 23
_GATEWAY_SERVICE = "caddy"
# packages that bring dockerd: Debian's own and Docker's
_ENGINES = ("docker.io", "docker-ce")
_OWN_KEYS = {"data-root", "default-address-pools", "log-driver", "log-opts", "features"}
_OWN_KEYS |= {"runtimes", "default-runtime", "live-restore", "max-concurrent-downloads"}


def daemon_settings(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    docker = profile["docker"]
    found = docker["settings"]
    if found["error"]:
        yield Finding(
            ERROR,
            "daemon-json-invalid",
            f"{found['path']} is not valid JSON: {found['error']}",
            found["error"],
            "a JSON object, or no file",
            f"repair it (`python3 -m json.tool {found['path']}` shows the place) or move it away",
            found["path"],
        )
    elif site_keys := sorted(set(found["keys"]) - _OWN_KEYS):
        yield Finding(
            INFO,
            "daemon-json-kept",
            f"{found['path']} has settings of this site, which stay as they are: {', '.join(site_keys)}",
            ", ".join(site_keys),
            "nothing",
            "",
            found["path"],
        )
    engine = docker["engine"]
    if engine["error"]:
        yield Finding(
            WARNING,
            "docker-silent",
            f"dockerd runs but does not answer: {engine['error']}",
            engine["error"],
            "an answer on /run/docker.sock",
            "containers and images of this host could not be judged; see `journalctl -u docker`",
        )
    elif engine["running"] and _moves_data(profile, requirements):
        yield Finding(
            WARNING,
            "data-root-differs",
            f"Docker keeps its data in {engine['data_root']}, the site file asks for "
            f"{requirements['data_root']}; what lies in the old place is not moved",
            engine["data_root"],
            requirements["data_root"],
            f"set docker.data_root to {engine['data_root']} to keep using it",
        )


def other_engines(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    if profile["docker"]["snap"]:
        yield Finding(
            ERROR,
            "docker-snap",
            "Docker is installed as a snap, which cannot use the host's directories or GPUs as needed",
            "the snap `docker`",
            "the distribution's Docker packages alone",
            "save what its containers hold, then `snap remove docker`",
        )
    remove = package_words.of(requirements["package_system"]).remove
    for name, version in profile["packages"]["rivals"].items():
        code = "podman-docker" if name == "podman-docker" else "docker-foreign-package"
        yield Finding(
            ERROR,
            code,
            f"the package {name} {version} conflicts with the bundle's Docker",
            f"{name} {version}",
            "the bundle's Docker, or none",
            f"save what its containers hold, then `{remove.format(name)}`",
        )


def image_store(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """An older Docker ignores the setting without a word, and a restart would not change that."""
    version = _version_to_be(profile)
    major = re.match(r"(?:\d+:)?(\d+)", version)
    if (
        requirements["image_store"] == "containerd"
        and major
        and int(major[1]) < _OLDEST_WITH_CONTAINERD_STORE
    ):
        yield Finding(
            ERROR,
            "image-store-unknown",
            f"Docker {version} has no containerd image store, and the site file asks for it",
            version,
            f"Docker {_OLDEST_WITH_CONTAINERD_STORE}.0 or newer",
            "set docker.image_store in the site file to classic or default, or use a bundle with a newer one",
        )


def _version_to_be(profile: Mapping[str, Any]) -> str:
    """Docker's version after the installation: nothing newer is ever replaced."""
    for item in profile["packages"]["wanted"]:
        if item["name"] in _ENGINES:
            return str(item["installed"] if item["standing"] == "newer" else item["version"])
    return str(profile["docker"]["engine"].get("version", ""))


def restart(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """A restart of dockerd stops containers that are none of this product's business."""
    engine = profile["docker"]["engine"]
    moved = _moves_data(profile, requirements)
    reasons = _restart_reasons(profile, requirements)
    foreign = [item for item in engine["containers"] if not is_own(item, requirements)]
    survives = engine.get("live_restore", False) and not moved
    if reasons and foreign and not survives and not requirements["allow_restart"]:
        names = ", ".join(sorted(item["name"] for item in foreign))
        yield Finding(
            ERROR,
            "foreign-containers-running",
            f"Docker has to restart ({'; '.join(reasons)}), which would stop containers "
            f"that are not of this product: {names}",
            names,
            "no other containers, live-restore, or permission to restart",
            "stop them yourself, set live-restore, or set docker.allow_restart: true in the site file",
        )


def _moves_data(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Docker's own default in the site file moves nothing: where the host keeps its data is left as it is."""
    wanted = requirements["data_root"]
    return wanted not in (DEFAULT_ROOT, profile["docker"]["engine"].get("data_root", wanted))


def _restart_reasons(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[str]:
    docker = profile["docker"]
    reasons = []
    if _moves_data(profile, requirements):
        reasons.append(f"data root {docker['engine']['data_root']} becomes {requirements['data_root']}")
    wanted = _pools(requirements["address_pools"])
    if wanted and wanted != _pools(docker["settings"]["address_pools"]):
        reasons.append("the address pools change")
    for item in profile["packages"]["wanted"]:
        if item["name"] in _ENGINES and item["standing"] == "older":
            reasons.append(f"{item['name']} {item['installed']} becomes {item['version']}")
    return reasons


def _pools(pools: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return sorted((str(item.get("base")), int(item.get("size") or 0)) for item in pools)


def routes(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    settings = profile["docker"]["settings"]
    configured = requirements["address_pools"] or settings["address_pools"]
    pools = [str(item.get("base")) for item in configured] or list(_BRIDGES)
    own = set(profile["docker"]["engine"]["networks"])
    for route in profile["routes"]:
        if route["docker"] or route["network"] in own:
            continue
        network = ipaddress.ip_network(route["network"])
        for pool in pools:
            if network.overlaps(ipaddress.ip_network(pool, strict=False)):
                source = "configured" if configured else "default"
                yield Finding(
                    ERROR,
                    "address-pool-collides",
                    f"the route to {route['network']} via {route['device']} collides with "
                    f"Docker's {source} address pool {pool}",
                    f"{route['network']} via {route['device']}",
                    "address pools that no route of the host uses",
                    "set docker.address_pools in the site file to networks that are free at this site",
                )


def ports(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    if requirements["purpose"] == "template":
        return
    for port in requirements["ports"]:
        published = [item for item in profile["docker"]["engine"]["containers"] if port in item["ports"]]
        foreign = [item for item in published if not _is_gateway(item, requirements)]
        if published and not foreign:
            continue
        listeners = [item for item in profile["listening"] if item["port"] == port]
        holders = [f"container {item['name']} ({item['image']})" for item in foreign] or sorted(
            {
                f"{item['process'] or 'a process of another namespace'} (pid {item['pid']})"
                for item in listeners
            }
        )
        if holders:
            yield Finding(
                ERROR,
                "port-taken",
                f"port {port} is taken by {', '.join(holders)}",
                ", ".join(holders),
                f"port {port} free for the product's {_GATEWAY_SERVICE}",
                "stop and disable that service, or move it to another port",
            )


def is_own(container: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Compose writes down from where a project was started: this product's lie below its root."""
    root = requirements["root"].rstrip("/")
    return bool(container["directory"] == root or container["directory"].startswith(root + "/"))


def _is_gateway(container: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    return is_own(container, requirements) and container["service"] == _GATEWAY_SERVICE
