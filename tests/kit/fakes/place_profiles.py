"""Host profiles for judgements about places, storage and other Dockers: a host in order, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.target.finding import in_order
from graphistry_airgap.target.preflight.judges import (
    disk as findings_disk,
    engines as findings_engines,
    inodes as findings_inodes,
    places as findings_places,
    storage as findings_storage,
)
from tests.kit.fakes.good_host import PROFILE, REQUIREMENTS, changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphistry_airgap.target.finding import Finding

PLUGIN = "/usr/local/lib/docker/cli-plugins/docker-compose"
BUNDLED_COMPOSE = {"packages": [{"name": "docker-compose", "version": "2.26.1-4"}]}
MOUNTS, ENGINE, PROGRAMS = "places.mounts", "docker.engine", "engines.programs"
_JUDGES = (
    findings_disk.disks,
    findings_inodes.inodes,
    findings_places.writable,
    findings_places.executable,
    findings_places.lasting,
    findings_storage.storage,
    findings_engines.programs,
    findings_engines.units,
    findings_engines.compose,
    findings_engines.dormant,
)


def program(name: str, version: str, folder: str = "/usr/local/bin") -> dict[str, str]:
    return {"name": name, "path": f"{folder}/{name}", "version": version}


def plugin(version: str, *, stages: str = PLUGIN, unit: str = PLUGIN) -> dict[str, Any]:
    return {"stages": stages, "unit": unit, "versions": {stages: version, unit: version}}


def dormant(name: str, *ports: int, directory: str = "", host_network: bool = False) -> dict[str, Any]:
    found = {"name": name, "image": f"{name}:1", "directory": directory}
    return {**found, "ports": list(ports), "host_network": host_network}


def package(name: str, state: str) -> dict[str, Any]:
    return {"name": name, "version": "2", "installed": "", "held": False, "state": state}


def findings(
    profile: Mapping[str, Any] | None = None, requirements: Mapping[str, Any] | None = None
) -> list[Finding]:
    """All that is found on the host in order with these changes; a key of `profile` is a dotted path."""
    host = changed(PROFILE, profile or {})
    wanted = {**REQUIREMENTS, **(requirements or {})}
    return in_order(finding for judge in _JUDGES for finding in judge(host, wanted))
