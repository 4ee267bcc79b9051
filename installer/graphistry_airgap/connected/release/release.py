"""The vendor's release: what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVES = ("containers.tar.gz", "containers.tar")


@dataclass(frozen=True)
class ReleaseFile:
    """One file of the release, `path` relative to it."""

    path: str
    source: Path
    sha256: str
    size: int
    executable: bool


@dataclass(frozen=True)
class Release:
    """A release whose digest was checked; `files` holds everything but the image archive.

    Directories that hold no file are named, because a list of files cannot carry them.
    """

    version: str
    cuda: str
    written: str
    sha256: str
    pinned: bool
    files: tuple[ReleaseFile, ...]
    empty_directories: tuple[str, ...]
    archive: ReleaseFile
    images: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.archive.size + sum(file.size for file in self.files)
