"""What a schema cannot say about a site file's networks."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict
from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import InputError, raise_all
from graphistry_airgap.target.docker import pools as network_pools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphistry_airgap.installation.site_file import Site

# Docker's own bridge and the product's network, where a release does not say otherwise
NEEDED = 2


def require_pools(site: Site, file: str) -> None:
    """Raise `InputError`, or `FindingsError` with all of them, for pools that Docker cannot use as meant."""
    raise_all(list(_errors(site, file)))


def _errors(site: Site, file: str) -> Iterator[InputError]:
    pools = [asdict(pool) for pool in site.docker.address_pools]
    seen: dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network] = {}
    for at, pool in enumerate(pools):
        path = f"docker.address_pools[{at}]"
        if words := network_pools.flaw(pool):
            yield _error(path, file, words, "a network (10.200.0.0/16) as base, a size from its prefix to 30")
            continue
        network = ipaddress.ip_network(pool["base"], strict=False)
        if str(network.network_address) != pool["base"].partition("/")[0]:
            words = f"base {pool['base']} has host bits; the network of that address is {network}"
            yield _error(path, file, words, f"{network}, if that network is meant")
        for other, known in seen.items():
            if network.overlaps(known):
                words = f"base {network} overlaps {known} of {other}"
                yield _error(path, file, words, "pools that do not overlap")
        seen[path] = network
    if pools and not any(network_pools.flaw(pool) for pool in pools):
        number = len(network_pools.free(pools, [], NEEDED))
        if number < NEEDED:
            words = f"it is cut into {number} network; Docker's own bridge and the product need {NEEDED}"
            needed = "a wider base, or a larger size: each step of size doubles the number of networks"
            yield _error("docker.address_pools", file, words, needed)


def _error(path: str, file: str, words: str, needed: str) -> InputError:
    return InputError(
        f"{path} in {file} cannot be used: {words}",
        code="value-invalid",
        hint=f"write {needed}",
        details={"path": path, "file": file, "found": words, "needed": needed},
    )
