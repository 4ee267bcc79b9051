"""Profiles and findings of hosts that differ from one in order by their networks."""

from __future__ import annotations

import copy
from typing import Any

from graphistry_airgap.target.finding import Finding, in_order
from graphistry_airgap.target.preflight.judges import (
    firewall as findings_firewall,
    network as findings_network,
)
from tests.kit.fakes.good_host import PROFILE, REQUIREMENTS

JUDGES = (
    findings_network.pools,
    findings_network.room,
    findings_network.routes,
    findings_network.bridge,
    findings_network.published,
    findings_network.ports,
)

FIREWALL_JUDGES = (
    findings_firewall.nftables,
    findings_firewall.legacy,
    findings_firewall.firewalld,
    findings_firewall.ufw,
)


def profile(**changes: Any) -> dict[str, Any]:
    """PROFILE with values replaced: `pools`, `network`, `flags` of Docker, `engine`, `version`, or a key."""
    made = copy.deepcopy(PROFILE)
    docker = made["docker"]
    docker["settings"]["address_pools"] = changes.pop("pools", [])
    docker["settings"]["flags"] = changes.pop("flags", [])
    docker["settings"]["network"] |= changes.pop("network", {})
    docker["engine"] |= changes.pop("engine", {})
    docker["written_pools"] = changes.pop("written_pools", [])
    if version := changes.pop("version", ""):
        package = {"name": "docker.io", "installed": version, "version": version, "state": "equal"}
        made["packages"]["wanted"].append(package)
    return made | changes


def findings(given: dict[str, Any], **requirements: Any) -> list[Finding]:
    wanted = REQUIREMENTS | requirements
    return in_order(finding for judge in JUDGES for finding in judge(given, wanted))


def firewall_findings(given: dict[str, Any], **requirements: Any) -> list[Finding]:
    wanted = REQUIREMENTS | requirements
    return in_order(finding for judge in FIREWALL_JUDGES for finding in judge(given, wanted))


def nft(
    family: str,
    table: str,
    name: str,
    *rules: list[dict[str, Any]],
    policy: str = "accept",
    hook: str = "forward",
    base: bool = True,
) -> list[dict[str, Any]]:
    """A chain with its rules, as `nft -j list ruleset` has them."""
    chain: dict[str, Any] = {"family": family, "table": table, "name": name}
    if base:
        chain |= {"type": "filter", "hook": hook, "prio": 0, "policy": policy}
    place = {"family": family, "table": table, "chain": name}
    return [{"chain": chain}, *({"rule": {**place, "expr": rule}} for rule in rules)]


def route(network: str, *, gateway: bool = True, device: str = "tun0") -> dict[str, Any]:
    return {"network": network, "device": device, "gateway": gateway, "docker": False}


def bridge(name: str, subnet: str, project: str = "", network: str = "") -> dict[str, Any]:
    return {"name": name, "subnets": [subnet], "project": project, "network": network}
