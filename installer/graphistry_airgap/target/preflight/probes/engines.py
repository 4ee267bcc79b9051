"""Dockers that no package brought, units that cannot start, and containers that a start of Docker starts.

Everything is read from the disk, so that it is known before Docker is installed or started.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...host.machine import Host
    from ...packages.model import PackageSystem

# in the order of the search path that stages and units have
FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")
PROGRAMS = ("dockerd", "docker", "containerd", "containerd-shim-runc-v2", "runc")
UNITS = ("docker.service", "docker.socket", "containerd.service")
_UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system")
_NOTHING = "/dev/null"
# as the docker program looks for plugins (docker/cli, cli-plugins/manager): the user's, then the system's
ROOTS_PLUGINS = "/root/.docker/cli-plugins"
_ROOTS_CONFIG = "/root/.docker/config.json"
PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_COMPOSE = "docker-compose"
_TIMEOUT = ("timeout", "10")
_COMPOSE_DIRECTORY = "com.docker.compose.project.working_dir"


def engines(host: Host, system: PackageSystem, data_root: str, *, running: bool) -> dict[str, Any]:
    return {
        "programs": list(_programs(host, system)),
        "masked": [unit for unit in UNITS if _is_masked(host, unit)],
        "compose": _compose(host),
        "dormant": [] if running else list(_dormant(host, data_root)),
    }


def _programs(host: Host, system: PackageSystem) -> Iterator[dict[str, str]]:
    """Programs of an engine that came with no package, with the version that each tells of itself."""
    found = [(name, f"{folder}/{name}") for folder in FOLDERS for name in PROGRAMS]
    places = {path: os.path.realpath(host.path(path)) for _, path in found if host.path(path).is_file()}
    owned = system.owned({*places, *places.values()})
    for name, path in found:
        if path in places and not {path, places[path]} & owned:
            yield {"name": name, "path": path, "version": _version(host, [str(host.path(path)), "--version"])}


def _version(host: Host, command: list[str]) -> str:
    """The first word of the answer that begins with a digit; empty where there is none."""
    status, out, _ = host.run(["env", *_TIMEOUT, *command], {"LC_ALL": "C"})
    words = out.replace(",", " ").split() if status == 0 else []
    return next((word.removeprefix("v") for word in words if word.removeprefix("v")[:1].isdigit()), "")


def _is_masked(host: Host, unit: str) -> bool:
    """By systemd.unit(5): a link to /dev/null, or an empty file."""
    for folder in _UNIT_FOLDERS:
        path = host.path(f"{folder}/{unit}")
        if path.is_symlink():
            return str(path.readlink()) == _NOTHING
        if path.is_file():
            return path.stat().st_size == 0
    return False


def _compose(host: Host) -> dict[str, Any]:
    """The plugin that the stages find, whose home is the tool's, and the one that the unit and root find."""
    stages = _first(host, PLUGIN_FOLDERS)
    unit = _first(host, (*_extra_folders(host), ROOTS_PLUGINS, *PLUGIN_FOLDERS))
    return {
        "stages": stages,
        "unit": unit,
        "versions": {path: _plugin_version(host, path) for path in sorted({stages, unit} - {""})},
    }


def _extra_folders(host: Host) -> list[str]:
    config = host.json(_ROOTS_CONFIG)
    found = config.get("cliPluginsExtraDirs") if isinstance(config, dict) else None
    return [folder for folder in found if isinstance(folder, str)] if isinstance(found, list) else []


def _first(host: Host, folders: tuple[str, ...]) -> str:
    candidates = (f"{folder}/{_COMPOSE}" for folder in folders)
    return next((path for path in candidates if host.path(path).is_file()), "")


def _plugin_version(host: Host, path: str) -> str:
    """What docker itself asks a plugin for."""
    command = [str(host.path(path)), "docker-cli-plugin-metadata"]
    status, out, _ = host.run(["env", *_TIMEOUT, *command], {"LC_ALL": "C"})
    try:
        answer = json.loads(out) if status == 0 else {}
    except ValueError:
        answer = {}
    return str(answer.get("Version", "")).removeprefix("v") if isinstance(answer, dict) else ""


def _dormant(host: Host, data_root: str) -> Iterator[dict[str, Any]]:
    """Containers that a daemon which is not running would start (moby, container.ShouldRestart)."""
    folder = f"{data_root}/containers"
    for name in host.names(folder):
        state, settings = (
            host.json(f"{folder}/{name}/config.v2.json"),
            host.json(f"{folder}/{name}/hostconfig.json"),
        )
        if isinstance(state, dict) and isinstance(settings, dict) and _would_start(state, settings):
            config = state.get("Config") or {}
            yield {
                "name": str(state.get("Name", name[:12])).lstrip("/"),
                "image": str(config.get("Image", "")),
                "directory": str((config.get("Labels") or {}).get(_COMPOSE_DIRECTORY, "")),
                "ports": sorted(_ports(settings)),
                "host_network": settings.get("NetworkMode") == "host",
            }


def _would_start(state: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    policy = (settings.get("RestartPolicy") or {}).get("Name")
    if policy == "always":
        return True
    if policy == "unless-stopped":
        return not state.get("HasBeenManuallyStopped")
    code = (state.get("State") or {}).get("ExitCode")
    return policy == "on-failure" and bool(code) and not state.get("HasBeenManuallyStopped")


def _ports(settings: Mapping[str, Any]) -> set[int]:
    bindings = settings.get("PortBindings") or {}
    asked = (str(item.get("HostPort", "")) for many in bindings.values() for item in many or ())
    return {int(port) for port in asked if port.isdigit()}
