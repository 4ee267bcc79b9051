"""Say what a bundle holds and where it is from: the bill of materials and the provenance, two more files."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from graphistry_airgap.bundle.descriptions import PROVENANCE, SBOM
from graphistry_airgap.bundle.layout import Piece, bytes_piece
from graphistry_airgap.connected.describe.provenance import Origin, render_provenance
from graphistry_airgap.connected.describe.sbom import Sbom, sbom_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from graphistry_airgap.bundle.images import Image
    from graphistry_airgap.bundle.lock import Lock
    from graphistry_airgap.connected.assembly import Content
    from graphistry_airgap.connected.images.contents import Contents
    from graphistry_airgap.connected.ports import Blobs


class ReadImages(Protocol):
    def __call__(self, images: Sequence[Image]) -> Mapping[str, Contents]: ...


class ReadLicences(Protocol):
    def __call__(self, files: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]: ...


class SbomWriter(Protocol):
    def tools(self) -> dict[str, str]: ...
    def render(self, sbom: Sbom) -> bytes: ...


@dataclass(frozen=True)
class DescribeBundle:
    """`tools` has the version of each program that shaped the bytes, by package system."""

    images: ReadImages
    licences: ReadLicences
    sbom: SbomWriter
    tools: Callable[[Iterable[str]], dict[str, str]]

    def check(self) -> None:
        """Raise before anything is fetched when the bill of materials could not be written."""
        self.sbom.tools()

    def inside(self, content: Content) -> Sbom:
        """What the bundle holds, down to the packages inside its images."""
        packages = [package for closure in content.closures.values() for package in closure.packages]
        wheels = [wheel for wheels in content.wheels.values() for wheel in wheels]
        licences = self.licences(
            [
                *((package.sha256, package.filename) for package in packages),
                *((wheel.sha256, wheel.filename) for wheel in wheels),
            ]
        )
        return sbom_of(content, self.images(content.images), licences)

    def bill(self, sbom: Sbom) -> Piece:
        return bytes_piece(SBOM, self.sbom.render(sbom))

    def provenance(self, content: Content, pieces: Iterable[Piece], spec: tuple[str, str]) -> Piece:
        """`spec` is name and sha256 of the spec's file."""
        systems = {target.package_system for target in content.platforms}
        origin = Origin(*spec, {**self.tools(systems), **self.sbom.tools()})
        return bytes_piece(PROVENANCE, render_provenance(content, origin, pieces))


def unread_notes(sbom: Sbom) -> list[str]:
    """For whoever builds: package databases that the bill of materials could not take in."""
    return [f"Not listed in {SBOM}: {problem}" for problem in sbom.unread]


def record_path(output: Path) -> Path:
    """Beside the bundle and not in it: equal builds are equal, whenever they are made."""
    return output.with_name(f"{output.name}.record.json")


def build_record(
    lock: Lock, sums_sha256: str, blobs: Blobs, *, started: float, finished: float
) -> dict[str, Any]:
    """When a bundle was made and its items came in.

    An item's time is when its bytes entered the cache, which may be days before the build.
    """
    held = [(item, blobs.find(item.sha256)) for item in lock.sorted_items()]
    return {
        "schema": 1,
        "bundle": lock.bundle_id,
        "sums_sha256": sums_sha256,
        "host": platform.node(),
        "started": _time(started),
        "finished": _time(finished),
        "items": [
            {
                "name": f"{item.kind}/{item.name}",
                "sha256": item.sha256,
                "fetched": _time(path.stat().st_mtime),
            }
            for item, path in held
            if path
        ],
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
