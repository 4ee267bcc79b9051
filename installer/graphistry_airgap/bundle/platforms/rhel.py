"""Red Hat Enterprise Linux and its rebuilds."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphistry_airgap.bundle.platforms.base import DOCKER_CE, GLIBC_2_34

if TYPE_CHECKING:
    from graphistry_airgap.bundle.platforms.base import PackageSystem


class Rhel9:
    """Red Hat Enterprise Linux 9 and its rebuilds, x86_64, with Docker's own packages.

    The tool runs on AppStream's python3.12; modules run on the platform's own Python 3.9.
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
        "python": ("python3.12",),
        "docker": (*DOCKER_CE, "container-selinux"),
        "toolkit": ("nvidia-container-toolkit",),
    }
    preferred: ClassVar[dict[str, tuple[str, ...]]] = {}
    python_version: ClassVar[str] = "3.12"
    python_abis: ClassVar[tuple[str, ...]] = ("cp312", "abi3", "none")
    wheel_platforms: ClassVar[tuple[str, ...]] = GLIBC_2_34
    # NVIDIA's .rpm would need dnf to take a package that no repository of the bundle vouches for
    guest_drivers: ClassVar[tuple[str, ...]] = ("run",)
    module_tools: ClassVar[tuple[str, ...]] = ("dkms", "gcc", "make")
