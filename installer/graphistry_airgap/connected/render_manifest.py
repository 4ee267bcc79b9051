"""bundle.json: what is in a bundle and how to use it, for the tool on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle import layout
from graphistry_airgap.connected.describe.licences import licence_notes
from graphistry_airgap.core.canonical import readable_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphistry_airgap.bundle.driver import Driver
    from graphistry_airgap.bundle.images import Image
    from graphistry_airgap.bundle.layout import Piece
    from graphistry_airgap.bundle.lock import Lock
    from graphistry_airgap.connected.packages.closure import Closure, ResolvedRepository
    from graphistry_airgap.connected.release.release import Release
    from graphistry_airgap.connected.runtime.interpreter import Interpreter
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu
    from graphistry_airgap.knowledge.platforms import Platform

BUNDLE_SCHEMA = 1
TOOL_MINIMUM = {"minimum": "0.1.0", "reason": "bundle schema 1"}


def render_manifest(
    *,
    lock: Lock,
    release: Release,
    platforms: Sequence[Platform],
    closures: Mapping[str, Closure],
    drivers: Mapping[str, Driver],
    vgpus: Mapping[str, Vgpu],
    interpreters: Mapping[str, Interpreter],
    images: Sequence[Image],
    pieces: Sequence[Piece],
) -> bytes:
    """The document; `pieces` are all other files of the bundle."""
    return readable_json(
        {
            "schema": BUNDLE_SCHEMA,
            "id": lock.bundle_id,
            "created": lock.created,
            "tool": TOOL_MINIMUM,
            "release": {
                "version": release.version,
                "cuda": release.cuda,
                "path": layout.RELEASE,
                "empty_directories": list(release.empty_directories),
            },
            "platforms": {
                platform.name: {
                    **platform_entry(platform, closures[platform.name], interpreters.get(platform.name)),
                    **_driver_entry(platform.name, drivers.get(platform.name), vgpus.get(platform.name)),
                }
                for platform in platforms
            },
            "licences": licence_notes(closures, vgpus),
            "images": [image.entry() for image in images],
            "files": {piece.path: _file(piece) for piece in pieces},
        }
    )


def platform_entry(platform: Platform, closure: Closure, interpreter: Interpreter | None) -> dict[str, Any]:
    """What bundle.json says about one platform."""
    return {
        "package_system": platform.package_system,
        "architecture": platform.architecture,
        "repositories": [_repository_entry(platform, resolved) for resolved in closure.repositories],
        "packages": {
            group: [
                {"name": package.name, "version": package.version, "architecture": package.architecture}
                for package in packages
            ]
            for group, packages in closure.groups.items()
        },
        **_assumed_entry(closure),
        "runtime": layout.runtime(platform.name),
        **({"interpreter": interpreter.entry(platform.name)} if interpreter else {}),
        **({"modules": list(closure.modules)} if closure.modules else {}),
    }


def _assumed_entry(closure: Closure) -> dict[str, Any]:
    assumed = [{"name": package.name, "version": package.version} for package in closure.assumed]
    return {"assumed": sorted(assumed, key=lambda entry: entry["name"])} if assumed else {}


def _repository_entry(platform: Platform, resolved: ResolvedRepository) -> dict[str, Any]:
    spec, key = resolved.spec, layout.keyring(platform.name, resolved.keyring.path)
    entry = {"name": spec.name, "path": layout.repository(platform.name, spec.name), "signed_by": key}
    if platform.package_system == "apt":
        return {**entry, "suite": spec.suite, "components": list(spec.components)}
    return {**entry, "package_keys": [key], "metadata_signed": spec.metadata_signed}


def _driver_entry(platform: str, driver: Driver | None, vgpu: Vgpu | None) -> dict[str, Any]:
    entry = {"driver": driver.entry()} if driver else {}
    return {**entry, "vgpu": vgpu.entry(platform)} if vgpu else entry


def _file(piece: Piece) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": piece.size, "sha256": piece.sha256}
    return {**entry, "mode": "0755"} if piece.executable else entry
