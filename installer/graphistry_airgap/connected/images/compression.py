"""How image layers are packed: as every platform's Docker reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.images import GZIP, ZSTD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphistry_airgap.connected.packages.closure import Closure


ENGINES = ("docker.io", "docker-ce")
OLDEST_WITH_ZSTD = 23
_MAJOR = re.compile(r"(?:\d+:)?(\d+)")


def layer_compression(closures: Iterable[Closure]) -> str:
    """What the Docker of every platform reads; gzip where a closure does not tell which Docker that is."""
    for closure in closures:
        engines = [package for package in closure.groups["docker"] if package.name in ENGINES]
        majors = [int(match[1]) for package in engines if (match := _MAJOR.match(package.version))]
        if not majors or min(majors) < OLDEST_WITH_ZSTD:
            return GZIP
    return ZSTD
