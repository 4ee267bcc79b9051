"""Where users reach the product: the addresses on which Docker has opened its ports."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HTTP, HTTPS = 80, 443
LOOPBACK = "127.0.0.1"


def bindings(rows: Iterable[Mapping[str, Any]], target: int) -> list[tuple[str, int]]:
    """Address and port that lead to a port of caddy, as `docker compose ps` tells them; sorted."""
    return sorted(
        {
            (str(port.get("URL") or ""), int(port["PublishedPort"]))
            for row in rows
            if row["Service"] == "caddy"
            for port in row.get("Publishers") or []
            if port.get("PublishedPort") and port.get("TargetPort") == target
        }
    )


def for_users(bound: Sequence[tuple[str, int]], own: Sequence[str]) -> list[tuple[str, int]]:
    """Where others reach the host; empty when nothing is bound but loopback, or the host has no address.

    `own` are the host's addresses without loopback.  A wildcard stands for all of them; `own` is IPv4, so the
    IPv6 wildcard beside the IPv4 one adds nothing.
    """
    found = []
    for address, port in bound:
        if _is_wildcard(address):
            found += [(one, port) for one in own]
        elif not ipaddress.ip_address(address).is_loopback:
            found.append((address, port))
    return sorted(set(found))


def only_loopback(bound: Sequence[tuple[str, int]]) -> bool:
    return bool(bound) and all(
        not _is_wildcard(address) and ipaddress.ip_address(address).is_loopback for address, _ in bound
    )


def url(address: str, port: int, path: str) -> str:
    shown = f"[{address}]" if ":" in address else address
    return f"http://{shown}{'' if port == HTTP else f':{port}'}{path}"


def _is_wildcard(address: str) -> bool:
    return address == "" or ipaddress.ip_address(address).is_unspecified
