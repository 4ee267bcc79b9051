"""A vGPU guest's driver and licence token: files that only the operator can get, carried as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "vgpu"
TOKEN = "client_configuration_token.tok"  # noqa: S105 (a file's name)


@dataclass(frozen=True)
class CarriedFile:
    """A file of the operator; `name` is what it is called in the bundle."""

    name: str
    written: str
    source: Path
    size: int
    sha256: str
    pinned: bool


@dataclass(frozen=True)
class GuestDriver:
    file: CarriedFile
    kind: str
    version: str


@dataclass(frozen=True)
class Vgpu:
    driver: GuestDriver | None
    token: CarriedFile | None

    @property
    def files(self) -> list[CarriedFile]:
        return [file for file in (self.driver.file if self.driver else None, self.token) if file]

    def entry(self, platform: str) -> dict[str, Any]:
        """What bundle.json says about it."""
        entry: dict[str, Any] = {}
        if self.driver:
            entry["driver"] = {
                "path": path(platform, self.driver.file),
                "kind": self.driver.kind,
                "version": self.driver.version,
            }
        if self.token:
            entry["token"] = {"path": path(platform, self.token)}
        return entry


def path(platform: str, file: CarriedFile) -> str:
    return f"{FOLDER}/{platform}/{file.name}"
