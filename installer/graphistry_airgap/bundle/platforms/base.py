"""A target platform: everything that differs between operating systems, one class each.

A package group is named by its roots; its closure over the platform's base is
resolved at build.  Where the repositories of a spec hold all of a group's preferred
roots, those are taken in place of its own.  Nothing outside this folder compares
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
GLIBC_2_34 = (
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)

# Docker's own packages; who names Docker's repository in a spec wants them
DOCKER_CE = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin")
