"""Judgements about networks: the pools that Docker will use, the routes beside them, and ports."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...docker import pools as network_pools
from ...finding import ERROR, WARNING, Finding
from ..probes.network import is_address
from .docker import is_own, version_to_be

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...docker.pools import Network

_GATEWAY_SERVICE = "caddy"
_KEY = "default-address-pools"
POOLS_WAIVER = "address-pools"
LOOPBACK_WAIVER = "loopback-only"
_FLAGS = "the flags of Docker's unit (`systemctl cat docker`)"


def pools(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether Docker can use its pools, and whether site file and daemon.json mean the same ones."""
    settings = profile["docker"]["settings"]
    where = _where(settings, _KEY)
    for place, words in _flaws(settings):
        yield Finding(
            ERROR,
            "address-pools-invalid",
            f"{where}: {place} cannot be used, and Docker does not start with it: {words}",
            words,
            "a network (10.200.0.0/16) as base, and a size from its prefix to 32",
            f"correct {_KEY} in {where}, or take the key out",
            settings["path"],
        )
    if contradicts(profile, requirements):
        there, wanted = _shown(settings["address_pools"]), _shown(requirements["address_pools"])
        yield Finding(
            ERROR,
            "address-pools-contradict",
            f"{settings['path']} sets {_KEY} to {there}, the site file docker.address_pools to {wanted}; "
            "what the site has set in daemon.json is not replaced",
            there,
            wanted,
            f"make docker.address_pools of the site file the one of {settings['path']}, leave it out, or "
            f"take {_KEY} out of {settings['path']}",
            settings["path"],
        )


def _where(settings: Mapping[str, Any], key: str) -> str:
    """Which of the two gives a setting; Docker does not start with one that stands in both."""
    return _FLAGS if key in settings["flags"] else str(settings["path"])


def room(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the pools have a network for each that is still to be made, as Docker will look for it."""
    settings = profile["docker"]["settings"]
    given, source = effective(profile, requirements)
    wanted, taken = _wanted(profile, requirements), _taken(profile)
    if any(_flaws(settings)):
        return
    found = network_pools.free(given, [*taken, *_avoided(profile)], len(wanted))
    if len(found) == len(wanted):
        yield from _small(found, source, profile)
        return
    told = any(item.severity == ERROR for item in routes(profile, requirements))
    if told and len(network_pools.free(given, taken, len(wanted))) == len(wanted):
        return
    avoided = sorted({f"{route['network']} via {route['device']}" for route in _avoids(profile)})
    beside = f"; Docker passes over what the host routes elsewhere: {', '.join(avoided)}" if avoided else ""
    used = ", ".join(sorted({str(one) for one in taken})) or "nothing"
    yield Finding(
        ERROR,
        "address-pools-exhausted",
        f"{source} have {len(found)} of the {len(wanted)} networks that are needed free "
        f"({', '.join(wanted)}): {_shown(given)}; in use: {used}{beside}",
        f"{len(found)} free",
        f"{len(wanted)} free: {', '.join(wanted)}",
        f"set larger pools that are free at this site: docker.address_pools in the site file, or {_KEY} in "
        f"{_where(settings, _KEY)} where that sets it",
    )


def _small(found: list[Network], source: str, profile: Mapping[str, Any]) -> Iterator[Finding]:
    """Network, broadcast and gateway each take an address of a network."""
    services = profile["release_networks"]["services"]
    for network in found[-1:]:
        if services and network.num_addresses - 3 < services:
            yield Finding(
                ERROR,
                "address-pools-too-small",
                f"a network of {source} is as small as {network}: it has room for "
                f"{max(0, network.num_addresses - 3)} containers, the release has {services} services",
                str(network),
                f"networks for {services} containers",
                "set pools with a smaller size, 24 for one: docker.address_pools in the site file, or "
                f"{_KEY} in {_where(profile['docker']['settings'], _KEY)} where that sets it",
            )


def effective(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> tuple[list[Any], str]:
    """The pools that Docker will have after the installation, and whose they are."""
    settings, engine = profile["docker"]["settings"], profile["docker"]["engine"]
    there = network_pools.listed(settings["address_pools"])
    pools = _to_be(profile, requirements) or []
    if pools and pools == requirements["address_pools"]:
        return pools, "the site file's docker.address_pools"
    if pools or contradicts(profile, requirements):
        return there, f"the {_KEY} of {_where(settings, _KEY)}"
    if engine.get("address_pools") and not there:
        return list(engine["address_pools"]), "the address pools of the running Docker"
    return list(network_pools.BUILT_IN), "Docker's default address pools"


def _flaws(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for at, pool in enumerate(network_pools.listed(settings["address_pools"])):
        if words := network_pools.flaw(pool):
            yield f"{_KEY}[{at}]", words


def contradicts(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    return _to_be(profile, requirements) is None


def _to_be(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[Any] | None:
    docker = profile["docker"]
    there = network_pools.listed(docker["settings"]["address_pools"])
    if _KEY in docker["settings"]["flags"]:
        return there  # what the site file asks for beside a flag, the judge of Docker's flags refuses
    return network_pools.to_be(there, requirements["address_pools"], docker["written_pools"])


def _shown(given: Any) -> str:
    rows = given if isinstance(given, list) else [given]
    return ", ".join(
        f"{row.get('base')} size {row.get('size')}" if isinstance(row, dict) else str(row) for row in rows
    )


def _wanted(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[str]:
    """Names of the networks that are still to be made: the product's, and Docker's own bridge.

    A bridge keeps what it has until the next boot; one from outside the pools then takes a network of them.
    """
    there, settings = profile["docker"]["engine"]["bridges"], profile["docker"]["settings"]["network"]
    names = []
    if not settings["bip"] and not settings["bridge"] and not _bridge_is_inside(profile, requirements):
        names.append("bridge")
    if requirements["purpose"] == "server":
        release = profile["release_networks"]
        running = profile["docker"]["engine"]["containers"]
        projects = {release["project"], *(one["project"] for one in running if is_own(one, requirements))} - {
            ""
        }
        made = {one["network"] for one in there if one["project"] in projects}
        names += [name for name in release["networks"] if name not in made]
    return names


def _bridge_is_inside(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    bridges = profile["docker"]["engine"]["bridges"]
    has = [subnet for one in bridges if one["name"] == "bridge" for subnet in one["subnets"]]
    has += [route["network"] for route in profile["routes"] if route["device"] == "docker0"]
    bases = network_pools.bases(effective(profile, requirements)[0])
    inside = [ipaddress.ip_network(one, strict=False) for one in has]
    return any(one.version == base.version and one.overlaps(base) for one in inside for base in bases)


def _taken(profile: Mapping[str, Any]) -> list[Network]:
    """Networks that Docker has already."""
    there = list(profile["docker"]["engine"]["networks"])
    there += [route["network"] for route in profile["routes"] if route["docker"]]
    if bridge := _interface(profile["docker"]["settings"]["network"]["bip"]):
        there.append(str(bridge.network))
    return [ipaddress.ip_network(one, strict=False) for one in there]


def _avoids(profile: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Routes whose networks Docker gives to nobody."""
    old = _release(version_to_be(profile)) < network_pools.FIRST_WITH_ON_LINK_ROUTES_ONLY
    return [
        route
        for route in profile["routes"]
        if not route["docker"] and (old or not route.get("gateway", False))
    ]


def _avoided(profile: Mapping[str, Any]) -> list[Network]:
    servers = [ipaddress.ip_network(one) for one in profile["name_servers"]]
    return [ipaddress.ip_network(route["network"]) for route in _avoids(profile)] + servers


def _release(version: str) -> int:
    """The first number of a version; an unknown one counts as a new one."""
    found = re.match(r"(?:\d+:)?(\d+)", version)
    return int(found[1]) if found else network_pools.FIRST_WITH_ON_LINK_ROUTES_ONLY


def routes(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker's networks hide what a route leads to: all of it, or the part that they cover.

    Of its default pools only those networks count that Docker takes first; pools that somebody has chosen
    count whole.  A gateway's route that is wider than a pool is a summary: it leads there because nothing
    narrower does.
    """
    given, source = effective(profile, requirements)
    ranges, own = _ranges(profile, requirements, given), set(_taken(profile))
    for route in profile["routes"]:
        network = ipaddress.ip_network(route["network"])
        if route["docker"] or network in own:
            continue
        beside = [one for one in ranges if one.version == network.version and network.overlaps(one)]
        summed = [one for one in beside if route.get("gateway", False) and network.prefixlen < one.prefixlen]
        found = f"{network} via {route['device']}"
        if summed:
            yield Finding(
                WARNING,
                "address-pool-in-summary",
                f"the gateway's route to {found} covers {_joined(summed)} of {source}: what this host "
                "reached there, it will look for among its containers",
                found,
                "nobody of the site where Docker's networks are",
                "if the site uses that range, set docker.address_pools in the site file to networks that are "
                "free",
            )
        if collides := [one for one in beside if one not in summed]:
            finding = Finding(
                ERROR,
                "address-pool-collides",
                f"the route to {found} collides with {_joined(collides)} of {source}",
                found,
                "address pools that no route of the host uses",
                "set docker.address_pools in the site file to networks that are free at this site, or accept "
                f"it with `waive: [{POOLS_WAIVER}]`",
            )
            yield waivable(finding, POOLS_WAIVER, requirements)


def _joined(networks: list[Network]) -> str:
    return ", ".join(map(str, networks))


def _ranges(profile: Mapping[str, Any], requirements: Mapping[str, Any], given: list[Any]) -> list[Network]:
    own = _interface(profile["docker"]["settings"]["network"]["bip"])
    fixed = [own.network] if own else []
    if given != list(network_pools.BUILT_IN):
        return [*fixed, *network_pools.bases(given)]
    first = network_pools.free(given, _taken(profile), len(_wanted(profile, requirements)))
    return [*fixed, *first]


def waivable(finding: Finding, name: str, requirements: Mapping[str, Any]) -> Finding:
    if name not in requirements["waive"]:
        return finding
    return replace(
        finding, severity=WARNING, message=f"{finding.message}; the site file waives this ({name})", hint=""
    )


def bridge(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """The address of Docker's own bridge, and the part of it that containers get."""
    settings = profile["docker"]["settings"]
    bip, part = settings["network"]["bip"], settings["network"]["fixed_cidr"]
    whole = _interface(bip)
    if bip and (
        whole is None or whole.ip in (whole.network.network_address, whole.network.broadcast_address)
    ):
        yield _unusable(settings, "bip", bip, "an address of a network with its prefix: 10.200.0.1/24")
    if not part:
        return
    inner = _interface(part)
    if inner is None or (whole is not None and not inner.network.subnet_of(whole.network)):
        inside = f"a network inside bip {bip}" if bip else "a network"
        yield _unusable(settings, "fixed-cidr", part, inside)


def _unusable(settings: Mapping[str, Any], key: str, value: Any, needed: str) -> Finding:
    where = _where(settings, key)
    return Finding(
        ERROR,
        "daemon-network-invalid",
        f"{where}: {key} is {value!r}, and Docker does not start with it",
        str(value),
        needed,
        f"correct {key} in {where}, or take the key out",
        settings["path"],
    )


def _interface(text: Any) -> ipaddress.IPv4Interface | None:
    try:
        return ipaddress.IPv4Interface(text) if isinstance(text, str) and "/" in text else None
    except ValueError:
        return None


def published(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Where Docker will open the product's ports.

    `ip` of daemon.json is about Docker's default bridge, which the product does not use.
    """
    settings = profile["docker"]["settings"]
    binding = settings["network"]["host_binding"]
    if requirements["purpose"] != "server" or binding is None:
        return
    if not is_address(str(binding)) or not ipaddress.ip_address(binding).is_loopback:
        return
    where = _where(settings, "default-network-opts")
    yield waivable(
        Finding(
            ERROR,
            "ports-on-loopback",
            f"with {where} the ports of every new network open on {binding} alone "
            "(default-network-opts, bridge, com.docker.network.bridge.host_binding_ipv4); no user could "
            "reach the product",
            f"ports on {binding}",
            "ports on an address of the host that users reach",
            f"take that option out of {where}, or, where a proxy on this host is in front, accept "
            f"it with `waive: [{LOOPBACK_WAIVER}]`",
            settings["path"],
        ),
        LOOPBACK_WAIVER,
        requirements,
    )


def ports(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    if requirements["purpose"] == "template":
        return
    for port in profile["ports"]:
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


def _is_gateway(container: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    return is_own(container, requirements) and container["service"] == _GATEWAY_SERVICE
