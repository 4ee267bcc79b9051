"""Target platforms: everything that differs between operating systems, one class each.

A package group is named by its roots; its closure over the platform's base is
resolved at build.  Where the repositories of a spec hold all of a group's preferred
roots, those are taken in place of its own.  Nothing outside this module compares
distribution names: what differs hangs on the package system.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

PackageSystem = Literal["apt", "dnf"]


class Platform(Protocol):
    name: ClassVar[str]
    os_ids: ClassVar[tuple[str, ...]]
    os_version: ClassVar[str]
    package_system: ClassVar[PackageSystem]
    architecture: ClassVar[str]
    base: ClassVar[tuple[str, ...]]
    groups: ClassVar[dict[str, tuple[str, ...]]]
    preferred: ClassVar[dict[str, tuple[str, ...]]]
    python_version: ClassVar[str]
    python_abis: ClassVar[tuple[str, ...]]
    wheel_platforms: ClassVar[tuple[str, ...]]
    guest_drivers: ClassVar[tuple[str, ...]]
    module_tools: ClassVar[tuple[str, ...]]


# glibc 2.34 and newer; newest first, every older policy is accepted too
_GLIBC_2_34 = (
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)


# Docker's own packages; who names Docker's repository in a spec wants them
_DOCKER_CE = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin")


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
    preferred: ClassVar[dict[str, tuple[str, ...]]] = {"docker": _DOCKER_CE}
    python_version: ClassVar[str] = "3.13"
    python_abis: ClassVar[tuple[str, ...]] = ("cp313", "abi3", "none")
    wheel_platforms: ClassVar[tuple[str, ...]] = _GLIBC_2_34
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


class Rhel9:
    """Red Hat Enterprise Linux 9 and its rebuilds, x86_64, with Docker's own packages.

    The tool runs on AppStream's python3.11; modules run on the platform's own Python 3.9.
    """

    name: ClassVar[str] = "rhel-9"
    os_ids: ClassVar[tuple[str, ...]] = ("rhel", "rocky", "almalinux", "ol", "centos")
    os_version: ClassVar[str] = "9"
    package_system: ClassVar[PackageSystem] = "dnf"
    architecture: ClassVar[str] = "x86_64"
    # of a minimal installation, what our packages can lean on; a host without one of these does not boot
    base: ClassVar[tuple[str, ...]] = (
        "basesystem",
        "bash",
        "coreutils",
        "dnf",
        "filesystem",
        "glibc",
        "rpm",
        "selinux-policy-targeted",
        "systemd",
        "util-linux",
    )
    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "python": ("python3.11",),
        "docker": (*_DOCKER_CE, "container-selinux"),
        "toolkit": ("nvidia-container-toolkit",),
    }
    preferred: ClassVar[dict[str, tuple[str, ...]]] = {}
    python_version: ClassVar[str] = "3.11"
    python_abis: ClassVar[tuple[str, ...]] = ("cp311", "abi3", "none")
    wheel_platforms: ClassVar[tuple[str, ...]] = _GLIBC_2_34
    # NVIDIA's .rpm would need dnf to take a package that no repository of the bundle vouches for
    guest_drivers: ClassVar[tuple[str, ...]] = ("run",)
    module_tools: ClassVar[tuple[str, ...]] = ("dkms", "gcc", "make")


PLATFORMS: dict[str, type[Platform]] = {platform.name: platform for platform in (Debian12, Debian13, Rhel9)}


def platform_of(os_id: str, os_version: str) -> str:
    """The platform of a host by its os-release; of an unknown one, what it calls itself."""
    for name, platform in PLATFORMS.items():
        if os_id in platform.os_ids and os_version.partition(".")[0] == platform.os_version:
            return name
    return f"{os_id}-{os_version}"
