"""Target platforms: everything that differs between operating systems, one class each.

A package group is named by its roots; its closure over the platform's base is
resolved at build.  Nothing outside this module compares distribution names.
"""

from __future__ import annotations

from typing import ClassVar, Protocol


class Platform(Protocol):
    name: ClassVar[str]
    architecture: ClassVar[str]
    groups: ClassVar[dict[str, tuple[str, ...]]]
    python_version: ClassVar[str]
    python_abis: ClassVar[tuple[str, ...]]
    wheel_platforms: ClassVar[tuple[str, ...]]
    guest_drivers: ClassVar[tuple[str, ...]]
    module_tools: ClassVar[tuple[str, ...]]


class Debian13:
    """Debian 13 (trixie), amd64, with its own Python 3.13 and its own docker.io 26.1."""

    name: ClassVar[str] = "debian-13"
    architecture: ClassVar[str] = "amd64"
    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "python": ("python3", "python3-apt"),
        # docker.io only recommends its client, and the compose plugin is a package of its own
        "docker": ("docker.io", "docker-cli", "docker-compose", "iptables"),
        "toolkit": ("nvidia-container-toolkit",),
    }
    python_version: ClassVar[str] = "3.13"
    python_abis: ClassVar[tuple[str, ...]] = ("cp313", "abi3", "none")
    # glibc 2.41; newest first, every older policy is accepted too
    wheel_platforms: ClassVar[tuple[str, ...]] = (
        "manylinux_2_34_x86_64",
        "manylinux_2_28_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    )
    guest_drivers: ClassVar[tuple[str, ...]] = ("deb", "run")
    # what a guest driver from elsewhere is built with
    module_tools: ClassVar[tuple[str, ...]] = ("dkms", "gcc", "make")


PLATFORMS: dict[str, type[Platform]] = {Debian13.name: Debian13}
