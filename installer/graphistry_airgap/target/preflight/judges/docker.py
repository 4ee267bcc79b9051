"""Judgements about Docker: its settings, other engines and a restart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...docker import daemon_json as daemon_config
from ...docker.daemon_json import DEFAULT_ROOT
from ...finding import ERROR, INFO, WARNING, Finding
from ...packages import words as package_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# older ones do not know the feature `containerd-snapshotter`
_OLDEST_WITH_CONTAINERD_STORE = 23
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
    elif site_keys := sorted(
        set(found["keys"]) - _OWN_KEYS - {one["key"] for one in docker["daemon"]["judged"]}
    ):
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
    if profile["system"]["dgx"]:
        return  # its Docker is the one that stays
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
    version = version_to_be(profile)
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


def version_to_be(profile: Mapping[str, Any]) -> str:
    """Docker's version after the installation: nothing newer is ever replaced."""
    for item in profile["packages"]["wanted"]:
        if item["name"] in _ENGINES:
            return str(item["installed"] if item["state"] == "newer" else item["version"])
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
    words = {
        "data-root": f"data root {docker['engine'].get('data_root')} becomes {requirements['data_root']}",
        daemon_config.POOLS: "the address pools change",
    }
    reasons = [words.get(key, f"{key} of daemon.json changes") for key in docker["daemon"]["restart"]]
    for item in profile["packages"]["wanted"]:
        if item["name"] in _ENGINES and item["state"] == "older":
            reasons.append(f"{item['name']} {item['installed']} becomes {item['version']}")
    return reasons


def is_own(container: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Compose writes down from where a project was started: this product's lie below its root."""
    root = requirements["root"].rstrip("/")
    return bool(container["directory"] == root or container["directory"].startswith(root + "/"))
