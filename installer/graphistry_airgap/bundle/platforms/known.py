"""Which platforms there are, and which of them a host is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.bundle.platforms.debian import Debian12, Debian13
from graphistry_airgap.bundle.platforms.rhel import Rhel9

if TYPE_CHECKING:
    from graphistry_airgap.bundle.platforms.base import Platform

PLATFORMS: dict[str, type[Platform]] = {platform.name: platform for platform in (Debian12, Debian13, Rhel9)}


def platform_of(os_id: str, os_version: str) -> str:
    """The platform of a host by its os-release; of an unknown one, what it calls itself."""
    for name, platform in PLATFORMS.items():
        if os_id in platform.os_ids and os_version.partition(".")[0] == platform.os_version:
            return name
    return f"{os_id}-{os_version}"
