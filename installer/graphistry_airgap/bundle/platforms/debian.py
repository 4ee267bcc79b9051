"""Debian."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphistry_airgap.bundle.platforms.base import DOCKER_CE, GLIBC_2_34

if TYPE_CHECKING:
    from graphistry_airgap.bundle.platforms.base import PackageSystem


class Debian13:
    """Debian 13 (trixie), amd64, with its own Python 3.13 and its own docker.io 26.1."""

    name: ClassVar[str] = "debian-13"
    os_ids: ClassVar[tuple[str, ...]] = ("debian",)
    os_version: ClassVar[str] = "13"
    package_system: ClassVar[PackageSystem] = "apt"
    architecture: ClassVar[str] = "amd64"
    # the repositories themselves say which packages are required
    base: ClassVar[tuple[str, ...]] = ()
    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "python": ("python3", "python3-apt"),
        # docker.io only recommends its client, and the compose plugin is a package of its own
        "docker": ("docker.io", "docker-cli", "docker-compose", "iptables"),
        "toolkit": ("nvidia-container-toolkit",),
    }
    preferred: ClassVar[dict[str, tuple[str, ...]]] = {"docker": DOCKER_CE}
    python_version: ClassVar[str] = "3.13"
    python_abis: ClassVar[tuple[str, ...]] = ("cp313", "abi3", "none")
    wheel_platforms: ClassVar[tuple[str, ...]] = GLIBC_2_34
    guest_drivers: ClassVar[tuple[str, ...]] = ("deb", "run")
    # what a guest driver from elsewhere is built with
    module_tools: ClassVar[tuple[str, ...]] = ("dkms", "gcc", "make")


class Debian12(Debian13):
    """Debian 12 (bookworm), with its own Python 3.11, and Docker's packages or its own docker.io 20.10."""

    name: ClassVar[str] = "debian-12"
    os_version: ClassVar[str] = "12"
    groups: ClassVar[dict[str, tuple[str, ...]]] = Debian13.groups | {
        # the client comes with docker.io; Debian 12 has no compose plugin, so it must come from elsewhere
        "docker": ("docker.io", "docker-compose-plugin", "iptables"),
    }
    python_version: ClassVar[str] = "3.11"
    python_abis: ClassVar[tuple[str, ...]] = ("cp311", "abi3", "none")
