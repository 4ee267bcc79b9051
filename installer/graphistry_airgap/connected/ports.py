"""What building a bundle needs from the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from graphistry_airgap.bundle.images import Image
    from graphistry_airgap.bundle.layout import Piece
    from graphistry_airgap.connected.packages.apt_release import Package
    from graphistry_airgap.connected.packages.closure import Closure, Wanted
    from graphistry_airgap.connected.profiles.host_profile import HostProfile
    from graphistry_airgap.connected.release.release import Release
    from graphistry_airgap.connected.runtime.interpreter import Interpreter
    from graphistry_airgap.connected.runtime.requirements import Wheel
    from graphistry_airgap.connected.spec import (
        InterpreterSpec,
        NamedPath,
        PinnedPath,
        RepositorySpec,
        Spec,
        VgpuSpec,
    )
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu
    from graphistry_airgap.knowledge.platforms import Platform


class Packages(Protocol):
    """Resolves a platform's package groups; `fetch` brings one package's file into the cache.

    It returns the fingerprints of the keys that signed the package itself, where packages are signed.
    """

    def resolve(
        self, platform: Platform, repositories: Sequence[RepositorySpec], wanted: Wanted
    ) -> Closure: ...
    def fetch(self, package: Package, repository: RepositorySpec) -> tuple[str, ...]: ...


class Releases(Protocol):
    def open(self, spec: PinnedPath, *, trust_on_first_use: bool) -> Release: ...


class VgpuFiles(Protocol):
    def open(self, spec: VgpuSpec, platform: Platform, *, trust_on_first_use: bool) -> Vgpu: ...


class Images(Protocol):
    """Turns an image archive into blobs of the cache."""

    def pack(
        self, archive: Path, sha256: str, compression: str, progress: Callable[[str], None]
    ) -> list[Image]: ...


class Runtimes(Protocol):
    def collect(self, platform: Platform) -> list[Wheel]: ...


class OpenInterpreter(Protocol):
    def __call__(self, spec: InterpreterSpec, platform: Platform) -> Interpreter: ...


class Blobs(Protocol):
    """The cache's content-addressed store."""

    def find(self, sha256: str, size: int | None = None) -> Path | None: ...


class Signer(Protocol):
    def fingerprint(self, key: str) -> str: ...
    def sign(self, path: Path, signature: Path, key: str) -> None: ...
    def remarks(self, key: str) -> list[str]: ...


class Writer(Protocol):
    def check(self, out: Path) -> None: ...
    def partial(self, out: Path) -> AbstractContextManager[Path]: ...
    def write(self, partial: Path, pieces: Iterable[Piece]) -> None: ...
    def finish(self, partial: Path, epoch: float) -> None: ...


class ReadProfile(Protocol):
    def __call__(self, file: NamedPath) -> HostProfile: ...


class ReadSpec(Protocol):
    def __call__(self, path: Path) -> Spec: ...
