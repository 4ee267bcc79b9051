"""What resolving one platform's repositories yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from graphistry_airgap.connected.packages.apt_release import Package
    from graphistry_airgap.connected.spec import RepositorySpec
    from graphistry_airgap.connected.vgpu.vgpu import CarriedFile


@dataclass(frozen=True)
class Blob:
    """A file of the build cache; `path` is where the bundle keeps it, `origin` where it came from."""

    path: str
    sha256: str
    size: int
    origin: str


@dataclass(frozen=True)
class ResolvedRepository:
    """A repository whose metadata was fetched and, where its vendor signs it, has a good signature.

    `metadata` are the vendor's own files, paths relative to the repository; `origin` is apt's word for the
    vendor.
    """

    spec: RepositorySpec
    fingerprints: tuple[str, ...]
    keyring: Blob
    metadata: tuple[Blob, ...]
    date: datetime
    valid_until: datetime | None
    origin: str = ""


@dataclass(frozen=True)
class KernelRoots:
    """The packages of one kernel: its image is on the host, `groups` are wanted beside it.

    `prebuilt` has, by group, the roots of modules that are ready-made for it, the package with the modules
    last.  Where the repositories hold all of them, nothing is built, and headers are wanted only where
    `builds` says so.
    """

    image: str
    groups: dict[str, tuple[str, ...]]
    prebuilt: dict[str, tuple[str, ...]] = field(default_factory=dict)
    builds: bool = False


@dataclass(frozen=True)
class Wanted:
    """What is wanted beyond a platform's own groups.

    `groups` are package names, `files` packages that lie beside the spec and whose dependencies belong to a
    group, `kernels` those with packages of their own, `modules` the module streams to enable; of a driver,
    `driver_branch` is taken where a repository holds several, and from no vendor of `not_from`.
    """

    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: dict[str, CarriedFile] = field(default_factory=dict)
    kernels: dict[str, KernelRoots] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    driver_branch: str = ""
    not_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Closure:
    """The packages of each group, and the repositories that they come from.

    `kernel_images` has, for each kernel with groups of its own, the version of the kernel image that they
    belong to; the image itself is not part of the closure.  `assumed` are those packages of the groups that
    every host has already: hosts are told to have them, and their files stay behind.  `modules` are the
    enabled module streams.
    """

    repositories: tuple[ResolvedRepository, ...]
    groups: dict[str, tuple[Package, ...]]
    kernel_images: dict[str, str] = field(default_factory=dict)
    assumed: frozenset[Package] = frozenset()
    modules: tuple[str, ...] = ()

    @property
    def packages(self) -> list[Package]:
        """What the bundle holds: the union of all groups without what is assumed, sorted."""
        union = {package for group in self.groups.values() for package in group} - self.assumed
        return sorted(union, key=lambda package: (package.name, package.version, package.architecture))

    def sources(self) -> list[tuple[Package, RepositorySpec]]:
        """Each package with the repository that it comes from."""
        specs = {resolved.spec.name: resolved.spec for resolved in self.repositories}
        return [(package, specs[package.repository]) for package in self.packages]
