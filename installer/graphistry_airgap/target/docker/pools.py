"""Docker's address pools: the ranges from which a network gets its addresses, as Docker itself splits them.

Facts from moby (`daemon/libnetwork`, `netutils.InferReservedNetworks`): a new network takes the first free
part of the pools that overlaps no other network of Docker, no on-link route of the host and no name server.
Before 23.0 every route counted but the default one (moby #42598).  A base is taken without its host bits.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# what Docker takes when nobody sets any
BUILT_IN = (
    {"base": "172.17.0.0/16", "size": 16},
    {"base": "172.18.0.0/16", "size": 16},
    {"base": "172.19.0.0/16", "size": 16},
    {"base": "172.20.0.0/14", "size": 16},
    {"base": "172.24.0.0/14", "size": 16},
    {"base": "172.28.0.0/14", "size": 16},
    {"base": "192.168.0.0/16", "size": 20},
)
FIRST_WITH_ON_LINK_ROUTES_ONLY = 23


def pairs(pools: Iterable[Any]) -> list[tuple[str, int]]:
    """Base and size of each, to compare two lists in which only the order differs."""
    return sorted(
        (str(item.get("base")), item["size"] if isinstance(item.get("size"), int) else 0)
        for item in pools
        if isinstance(item, dict)
    )


def listed(value: Any) -> list[Any]:
    """The pools of a file as a list, also where somebody wrote something else."""
    return value if isinstance(value, list) else [value]


def to_be(there: list[Any], wanted: list[Any], written: Iterable[list[Any]]) -> list[Any] | None:
    """What daemon.json should list: what the site file wants, unless somebody else has written what is there.

    `written` are the lists that this installer ever wrote: they follow the site file.  None where the list
    that is there is the site's and contradicts its site file.
    """
    if pairs(there) == pairs(wanted):
        return there
    if not there or pairs(there) in [pairs(one) for one in written]:
        return wanted
    return None if wanted else there


def flaw(pool: Any) -> str:
    """Why Docker does not start with this pool, or an empty string."""
    if not isinstance(pool, dict):
        return "it is not an object with base and size"
    base, size = pool.get("base"), pool.get("size")
    try:
        network = ipaddress.ip_network(base, strict=False) if isinstance(base, str) and "/" in base else None
    except ValueError:
        network = None
    if network is None:
        return f"base {base!r} is not a network"
    if not isinstance(size, int) or isinstance(size, bool):
        return f"size {size!r} is not a number"
    if not network.prefixlen <= size <= network.max_prefixlen:
        return f"size {size} does not lie between the prefix of {base} and {network.max_prefixlen}"
    return ""


def bases(pools: Iterable[Any]) -> list[Network]:
    """The network of each pool that Docker can use."""
    return [ipaddress.ip_network(pool["base"], strict=False) for pool in pools if not flaw(pool)]


def free(pools: Sequence[Any], taken: Sequence[Network], most: int) -> list[Network]:
    """The first IPv4 networks, `most` of them, that Docker would give out beside what is `taken`."""
    found: list[Network] = []
    for pool in pools:
        if flaw(pool):
            continue
        base = ipaddress.ip_network(pool["base"], strict=False)
        # a route over all of it would have every part looked at
        if base.version != 4 or any(one.version == 4 and base.subnet_of(one) for one in taken):
            continue
        for network in _parts(base, pool["size"]):
            if len(found) == most:
                return found
            if not any(network.overlaps(other) for other in (*taken, *found)):
                found.append(network)
    return found


def _parts(base: ipaddress.IPv4Network, size: int) -> Iterator[Network]:
    return base.subnets(new_prefix=size)
