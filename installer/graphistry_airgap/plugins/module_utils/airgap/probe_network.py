"""Listening ports with their owners, and routes.

Read from /proc, which every kernel has, instead of from `ss` and `ip`, which a
small installation may lack.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from .probe_root import Host

_LISTEN = "0A"


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
    """IPv4 routes to networks, without the default route."""
    found = []
    for line in (host.text("/proc/net/route") or "").splitlines()[1:]:
        columns = line.split()
        destination, mask = (struct.pack("=I", int(columns[at], 16)) for at in (1, 7))
        network = ipaddress.IPv4Network((destination, socket.inet_ntoa(mask)), strict=False)
        if network.prefixlen:
            device = columns[0]
            found.append({"network": str(network), "device": device, "docker": is_docker_bridge(device)})
    return found


def is_docker_bridge(device: str) -> bool:
    return device.startswith(("docker", "br-", "veth"))
