"""Networks of the host: listening ports with their owners, routes, addresses, and what Docker has of them.

Read from /proc, which every kernel has, instead of from `ss` and `ip`, which a
small installation may lack.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from ...host.machine import Host

_LISTEN = "0A"
# flags of a route (uapi/linux/route.h, ipv6_route.h)
_GATEWAY, _REFUSES, _LOCAL = 0x2, 0x200, 0x80000000
_SETTINGS = ("bip", "dns", "fixed-cidr", "ip", "bridge", "iptables")

_KEY = re.compile(r"  [A-Za-z0-9._-]+:")
HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4"


def listening(host: Host, ports: Collection[int]) -> list[dict[str, Any]]:
    """Who listens on these TCP ports; one entry for each socket."""
    found: list[dict[str, Any]] = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (host.text(table) or "").splitlines()[1:]:
            columns = line.split()
            address, _, port = columns[1].partition(":")
            if columns[3] == _LISTEN and int(port, 16) in ports:
                found.append(
                    {"port": int(port, 16), "address": readable_address(address), "inode": columns[9]}
                )
    owners = _owners(host, {item["inode"] for item in found})
    for item in found:
        pid, name = owners.get(item.pop("inode"), (0, ""))
        item["pid"] = pid
        item["process"] = name
    return sorted(found, key=lambda item: (item["port"], item["address"], item["pid"]))


def readable_address(text: str) -> str:
    """An address as /proc/net/tcp writes it: words in the machine's byte order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    raw = b"".join(struct.pack("=I", word) for word in words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def _owners(host: Host, inodes: set[str]) -> dict[str, tuple[int, str]]:
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    owners: dict[str, tuple[int, str]] = {}
    if not wanted:
        return owners
    for pid, name in host.processes():
        for handle in host.names(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(host.path(f"/proc/{pid}/fd/{handle}"))  # noqa: PTH115 -- not a path
            except OSError:
                continue
            if target in wanted:
                owners.setdefault(wanted[target], (pid, name))
    return owners


def routes(host: Host) -> list[dict[str, Any]]:
    """Routes to networks, without default routes; `gateway` is False for a network that is on the link.

    Addresses of the host itself, link-local and multicast networks are nobody's routes to elsewhere.
    """
    found = []
    for line in (host.text("/proc/net/route") or "").splitlines()[1:]:
        columns = line.split()
        destination, mask = (struct.pack("=I", int(columns[at], 16)) for at in (1, 7))
        network = ipaddress.IPv4Network((destination, socket.inet_ntoa(mask)), strict=False)
        if network.prefixlen:
            found.append(_route(str(network), columns[0], int(columns[3], 16)))
    for line in (host.text("/proc/net/ipv6_route") or "").splitlines():
        columns = line.split()
        address, prefix = ipaddress.IPv6Address(int(columns[0], 16)), int(columns[1], 16)
        flags, device = int(columns[8], 16), columns[9]
        own = device == "lo" or flags & _LOCAL or address.is_link_local or address.is_multicast
        if prefix and not own:
            found.append(_route(f"{address}/{prefix}", device, flags))
    return found


def _route(network: str, device: str, flags: int) -> dict[str, Any]:
    """A route that refuses (`blackhole`, `unreachable`) is no link, either."""
    return {
        "network": network,
        "device": device,
        "gateway": bool(flags & (_GATEWAY | _REFUSES)),
        "docker": is_docker_bridge(device),
    }


def is_docker_bridge(device: str) -> bool:
    return device.startswith(("docker", "br-", "veth"))


def name_servers(host: Host) -> list[str]:
    """Addresses of /etc/resolv.conf, as Docker reads it: what is no address is nobody.

    Docker gives no network to a container that would hide one.
    """
    words = [line.split() for line in (host.text("/etc/resolv.conf") or "").splitlines()]
    named = [line[1].partition("%")[0] for line in words if line[:1] == ["nameserver"] and len(line) > 1]
    return [one for one in named if is_address(one)]


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def addresses(host: Host) -> list[str]:
    """IPv4 addresses by which others can reach the host: neither loopback, link-local nor of a container
    bridge, whose networks stand in `routes`."""
    bridges = [ipaddress.ip_network(route["network"]) for route in routes(host) if route["docker"]]
    found, last = set(), ""
    for line in (host.text("/proc/net/fib_trie") or "").splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            last = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"]:
            found.add(ipaddress.ip_address(last))
    return [
        str(one)
        for one in sorted(found)
        if not (one.is_loopback or one.is_link_local) and not any(one in network for network in bridges)
    ]


def settings(value: dict[str, Any]) -> dict[str, Any]:
    """What `daemon.json` says about networks; None where it says nothing."""
    every = value.get("default-network-opts")
    bridge = every.get("bridge") if isinstance(every, dict) else None
    return {
        **{key.replace("-", "_"): value.get(key) for key in _SETTINGS},
        "host_binding": bridge.get(HOST_BINDING) if isinstance(bridge, dict) else None,
    }


def networks_of(answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Docker's networks that have addresses: name, subnets, and the Compose project that made it."""
    found = []
    for item in answer:
        pools = (item.get("IPAM") or {}).get("Config") or []
        labels = item.get("Labels") or {}
        found.append(
            {
                "name": item.get("Name", ""),
                "subnets": sorted(pool["Subnet"] for pool in pools if pool.get("Subnet")),
                "project": labels.get("com.docker.compose.project", ""),
                "network": labels.get("com.docker.compose.network", ""),
            }
        )
    return [item for item in found if item["subnets"]]


def release_networks(host: Host, release: str) -> dict[str, Any]:
    """Project name and networks of a release's compose file, as far as a look at its lines tells.

    Compose makes one network, `default`, for a file that names none; one that is `external` must be there.
    `services` is how many there are.
    """
    project, names, services, inside = "", [], 0, ""
    for line in (host.text(f"{release}/docker-compose.yml") or "").splitlines():
        words = line.split("#")[0].rstrip()
        if words[:1].strip():
            inside = words
            key, _, given = words.partition(":")
            project = given.strip().strip("\"'") if key == "name" else project
        elif inside == "services:":
            services += bool(_KEY.match(words))
        elif inside == "networks:" and _KEY.match(words):
            names.append(words.strip().partition(":")[0])
        elif inside == "networks:" and names and words.startswith("    external: true"):
            names.pop()
    return {"project": project, "networks": names or ["default"], "services": services}
