"""Judgements about other Dockers: on disk beside the packages, before them on the search path, or dormant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...finding import ERROR, INFO, WARNING, Finding
from ..probes.engines import PLUGIN_FOLDERS
from .docker import is_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENGINE = "dockerd"
_COMPOSE_PACKAGES = ("docker-compose", "docker-compose-plugin")
# where the packages of Debian and of Docker put their own
_PACKAGED = PLUGIN_FOLDERS[2:]
_NUMBERS = re.compile(r"(?:\d+:)?(\d+)\.(\d+)")


def programs(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """A second engine runs beside the packages' or instead of it; a single program of one shadows theirs."""
    found = profile["engines"]["programs"]
    shown = ", ".join(f"{item['path']} {item['version'] or '(of unknown version)'}" for item in found)
    paths = " ".join(item["path"] for item in found)
    if any(item["name"] == _ENGINE for item in found):
        yield Finding(
            ERROR,
            "docker-foreign-engine",
            f"a Docker lies on this host that no package brought: {shown}; the bundle's would be laid beside "
            "it, and which of the two runs would be chance",
            shown,
            "the distribution's Docker packages alone",
            "save what its containers hold, stop it and its own unit, and move these files away: " + paths,
            found[0]["path"],
        )
    elif found:
        yield Finding(
            WARNING,
            "docker-foreign-program",
            "programs of Docker lie on this host that no package brought; those in /usr/local come before "
            f"the packages' own: {shown}",
            shown,
            "the programs of the packages alone",
            "move them away: " + paths,
            found[0]["path"],
        )


def units(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    if masked := profile["engines"]["masked"]:
        names = " ".join(masked)
        yield Finding(
            ERROR,
            "unit-masked",
            f"systemd starts no unit that is masked, and masked here: {', '.join(masked)}",
            ", ".join(masked),
            "Docker's units free to start",
            f"`systemctl unmask {names}`, once whoever masked them agrees",
            f"/etc/systemd/system/{masked[0]}",
        )


def compose(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker takes the first plugin that it finds, root's own before the system's; the unit runs as root."""
    found = profile["engines"]["compose"]
    wanted = _bundled(requirements)
    for path in sorted({found["stages"], found["unit"]} - {""}):
        if path.rpartition("/")[0] in _PACKAGED:
            continue
        version = found["versions"][path]
        who = _who(found, path)
        old = not version or not wanted or _numbers(version) < _numbers(wanted)
        told = f"of version {version}" if version else "that does not tell its version"
        yield Finding(
            ERROR if old else INFO,
            "compose-plugin-shadowed",
            f"{who} would use the compose plugin {path} {told}, and not the one of the packages, "
            f"{wanted or 'whose version the bundle does not name'}",
            version or "unknown",
            wanted or "the plugin of the packages",
            f"move it away (`mv {path} {path}.old`), or put a plugin there that is at least as new",
            path,
        )


def _who(found: Mapping[str, Any], path: str) -> str:
    if found["stages"] == found["unit"]:
        return "this installation and the unit graphistry.service"
    return "the unit graphistry.service" if path == found["unit"] else "this installation"


def _bundled(requirements: Mapping[str, Any]) -> str:
    found = (item["version"] for item in requirements["packages"] if item["name"] in _COMPOSE_PACKAGES)
    return next(map(str, found), "")


def _numbers(version: str) -> tuple[int, int]:
    match = _NUMBERS.match(version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def dormant(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker is started by the installation, and starts what it was told to keep running."""
    foreign = [item for item in profile["engines"]["dormant"] if not is_own(item, requirements)]
    if not foreign:
        return
    wanted = set(profile["ports"])
    taking = [item for item in foreign if wanted & set(item["ports"])]
    for item in taking:
        ports = ", ".join(str(port) for port in item["ports"] if port in wanted)
        yield Finding(
            ERROR,
            "port-taken-at-start",
            f"Docker is not running; its start, which is part of the installation, starts the container "
            f"{item['name']} ({item['image']}), which takes port {ports}",
            f"{item['name']}: port {ports}",
            f"port {ports} free for the product's gateway",
            f"start Docker yourself and remove it (`docker rm {item['name']}`) or its restart policy "
            f"(`docker update --restart=no {item['name']}`)",
        )
    others = [item for item in foreign if item not in taking]
    if others:
        shown = ", ".join(_shown(item) for item in others)
        yield Finding(
            WARNING,
            "containers-start-with-docker",
            f"Docker is not running; its start, which is part of the installation, starts {shown}",
            ", ".join(item["name"] for item in others),
            "nothing, if they may run",
            "`docker update --restart=no NAME` keeps one from it, once Docker runs",
            profile["docker"]["data_root"],
        )


def _shown(item: Mapping[str, Any]) -> str:
    ports = ", ".join(map(str, item["ports"])) or ("the host's network" if item["host_network"] else "")
    return f"{item['name']} ({item['image']}{'; ports ' + ports if ports else ''})"
