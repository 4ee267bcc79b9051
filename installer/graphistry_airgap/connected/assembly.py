"""From what was resolved and fetched to the pieces of a bundle and the items of its lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle import layout
from graphistry_airgap.bundle.images import layout_index
from graphistry_airgap.bundle.layout import Piece, bytes_piece
from graphistry_airgap.bundle.lock import Item, Lock
from graphistry_airgap.bundle.manifest import LAYOUT, blob_path
from graphistry_airgap.connected.render_manifest import platform_entry
from graphistry_airgap.connected.runtime.bootstrap import NAME as BOOTSTRAP, PACKAGES, render_bootstrap
from graphistry_airgap.connected.runtime.requirements import render_requirements
from graphistry_airgap.connected.vgpu import vgpu
from graphistry_airgap.core.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graphistry_airgap.bundle.driver import Driver
    from graphistry_airgap.bundle.images import Image
    from graphistry_airgap.connected.packages.apt_release import Package
    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.profiles.host_profile import HostProfile
    from graphistry_airgap.connected.release.release import Release
    from graphistry_airgap.connected.runtime.interpreter import Interpreter
    from graphistry_airgap.connected.runtime.requirements import Wheel
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu
    from graphistry_airgap.knowledge.platforms import Platform


@dataclass(frozen=True)
class Content:
    """Everything that goes into one bundle; `locate` finds a blob of the cache by digest.

    `package_signers` has, by sha256, the keys that signed a package itself; `package_scripts` has, by
    package system, the part of install.sh that is particular to it.
    """

    release: Release
    platforms: tuple[Platform, ...]
    closures: dict[str, Closure]
    package_signers: dict[str, tuple[str, ...]]
    drivers: dict[str, Driver]
    vgpus: dict[str, Vgpu]
    interpreters: dict[str, Interpreter]
    profiles: dict[str, tuple[HostProfile, ...]]
    wheels: dict[str, list[Wheel]]
    images: list[Image]
    installer: bytes
    package_scripts: dict[str, bytes]
    locate: Callable[[str], Path]

    def lock(self) -> Lock:
        dates = [repository.date for closure in self.closures.values() for repository in closure.repositories]
        return Lock(f"{max(dates):%Y-%m-%dT%H:%M:%SZ}", tuple(self._items()))

    def pieces(self) -> list[Piece]:
        """All files but lock, manifest and checksums, sorted; shared blobs once."""
        found = {piece.path: piece for piece in self._pieces()}
        return [found[path] for path in sorted(found, key=str.encode)]

    def _items(self) -> Iterator[Item]:
        release = self.release
        yield Item(
            "release",
            "graphistry",
            release.version,
            release.size,
            release.sha256,
            release.written,
            {"pinned": release.pinned},
        )
        yield Item(
            "installer", layout.INSTALLER, "", len(self.installer), sha256_hex(self.installer), "this tool"
        )
        for image in self.images:
            descriptor = image.descriptor()
            digest = descriptor["digest"].removeprefix("sha256:")
            size = descriptor["size"] + image.config_size + sum(layer.size for layer in image.layers)
            verdict = {"config": image.config, "release": release.sha256}
            yield Item("image", image.name, release.version, size, digest, release.archive.path, verdict)
        for platform in self.platforms:
            script = self.package_scripts[platform.package_system]
            name = f"{layout.runtime(platform.name)}/{PACKAGES}"
            yield Item("installer", name, "", len(script), sha256_hex(script), "this tool")
            yield from self._platform_items(platform)

    def _platform_items(self, platform: Platform) -> Iterator[Item]:
        closure = self.closures[platform.name]
        signed_by, uris = {}, {}
        for repository in closure.repositories:
            name = f"{platform.name}/{repository.spec.name}"
            signed_by[repository.spec.name] = {"signed_by": list(repository.fingerprints)}
            uris[repository.spec.name] = repository.spec.written_uri
            for blob in repository.metadata:
                verdict = signed_by[repository.spec.name]
                yield Item(
                    "metadata", f"{name}/{blob.path}", "", blob.size, blob.sha256, blob.origin, verdict
                )
            key = repository.keyring
            yield Item("keyring", name, "", key.size, key.sha256, key.origin, {"named_by": "spec"})
        for package in closure.packages:
            yield Item(
                "package",
                f"{platform.name}/{package.name}:{package.architecture}",
                package.version,
                package.size,
                package.sha256,
                f"{uris[package.repository]}/{package.filename}",
                self._verdict(package, signed_by[package.repository]),
            )
        for profile in self.profiles[platform.name]:
            name = f"{platform.name}/{profile.written}"
            yield Item(
                "profile", name, "", profile.size, profile.sha256, profile.written, {"named_by": "spec"}
            )
        for wheel in self.wheels[platform.name]:
            name, pinned = f"{platform.name}/{wheel.name}", {"pinned": True}
            yield Item("wheel", name, wheel.version, wheel.size, wheel.sha256, wheel.origin, pinned)
        if own := self.interpreters.get(platform.name):
            yield Item(
                "interpreter",
                f"{platform.name}/python",
                own.version,
                own.size,
                own.sha256,
                own.written,
                {"pinned": True},
            )
        if platform.name in self.vgpus:
            yield from self._vgpu_items(platform.name)

    def _verdict(self, package: Package, metadata: dict[str, Any]) -> dict[str, Any]:
        signers = self.package_signers.get(package.sha256)
        return {**metadata, "package_signed_by": list(signers)} if signers else metadata

    def _vgpu_items(self, platform: str) -> Iterator[Item]:
        carried = self.vgpus[platform]
        version = carried.driver.version if carried.driver else ""
        for file in carried.files:
            kind = "vgpu-token" if file is carried.token else "vgpu-driver"
            yield Item(
                kind,
                f"{platform}/{file.name}",
                version if kind == "vgpu-driver" else "",
                file.size,
                file.sha256,
                file.written,
                {"pinned": file.pinned},
            )

    def _pieces(self) -> Iterator[Piece]:
        yield bytes_piece(layout.INSTALLER, self.installer)
        for file in self.release.files:
            path = f"{layout.RELEASE}/{file.path}"
            yield Piece(path, file.source, file.sha256, file.size, file.executable)
        yield bytes_piece(f"{LAYOUT}/oci-layout", canonical_json({"imageLayoutVersion": "1.0.0"}))
        yield bytes_piece(f"{LAYOUT}/index.json", layout_index(self.images))
        for image in self.images:
            yield bytes_piece(blob_path(image.descriptor()["digest"]), image.manifest())
            yield self._blob(blob_path(image.config), image.config, image.config_size)
            for layer in image.layers:
                yield self._blob(blob_path(layer.digest), layer.digest, layer.size)
        for platform in self.platforms:
            yield from self._platform_pieces(platform.name)
            own = self.interpreters.get(platform.name)
            entry = platform_entry(platform, self.closures[platform.name], own)
            bootstrap = render_bootstrap(entry, self.release.version)
            yield bytes_piece(f"{layout.runtime(platform.name)}/{BOOTSTRAP}", bootstrap.encode())
            script = self.package_scripts[platform.package_system]
            yield bytes_piece(f"{layout.runtime(platform.name)}/{PACKAGES}", script)

    def _platform_pieces(self, platform: str) -> Iterator[Piece]:
        closure = self.closures[platform]
        for repository in closure.repositories:
            folder = layout.repository(platform, repository.spec.name)
            for blob in repository.metadata:
                yield self._blob(f"{folder}/{blob.path}", blob.sha256, blob.size)
            key = repository.keyring
            yield self._blob(layout.keyring(platform, key.path), key.sha256, key.size)
        for package in closure.packages:
            folder = layout.repository(platform, package.repository)
            yield self._blob(f"{folder}/{package.filename}", package.sha256, package.size)
        wheels = self.wheels[platform]
        for wheel in wheels:
            yield self._blob(f"{layout.runtime(platform)}/{wheel.filename}", wheel.sha256, wheel.size)
        yield bytes_piece(f"{layout.runtime(platform)}/requirements.txt", render_requirements(wheels))
        if own := self.interpreters.get(platform):
            yield Piece(layout.interpreter(platform), own.source, own.sha256, own.size)
        if carried := self.vgpus.get(platform):
            for file in carried.files:
                path, private = vgpu.path(platform, file), file is carried.token
                yield Piece(path, file.source, file.sha256, file.size, private=private)

    def _blob(self, path: str, digest: str, size: int) -> Piece:
        plain = digest.removeprefix("sha256:")
        return Piece(path, self.locate(plain), plain, size)
