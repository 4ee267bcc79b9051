"""A bundle directory on disk: regular files only, read without following links."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from graphistry_airgap.domain.checksums import SUMS
from graphistry_airgap.domain.errors import BundleError, FindingsError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

_MARKS = (SUMS, "bundle.json")


class BundleDirectory:
    """`path` is absolute and free of links."""

    def __init__(self, path: Path) -> None:
        """Exit 2 when nothing is there, exit 4 when it is no bundle."""
        if not path.exists():
            raise InputError(
                f"{path} does not exist",
                code="bundle-not-found",
                hint="name the bundle's directory; is the medium mounted?",
                details={"found": "nothing", "needed": "a bundle directory", "path": str(path)},
            )
        missing = [mark for mark in _MARKS if not os.path.lexists(path / mark)]
        if missing:
            found = f"no {' and no '.join(missing)}" if path.is_dir() else "a file"
            raise BundleError(
                f"{path} is not a bundle: {found} there"
                if path.is_dir()
                else f"{path} is not a bundle directory",
                code="not-a-bundle",
                hint="name the directory that holds bundle.json and SHA256SUMS; or copy the bundle again",
                details={
                    "found": found,
                    "needed": "a directory with " + " and ".join(_MARKS),
                    "path": missing[0],
                },
            )
        self.path = path.resolve()

    def files(self) -> dict[str, int]:
        """Relative path → size of every file; links and special files are refused, all of them at once."""
        found: dict[str, int] = {}
        odd: list[BundleError] = []
        for entry, relative in self._walk(os.fspath(self.path), ""):
            mode = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(mode.st_mode):
                found[relative] = mode.st_size
            else:
                odd.append(_odd(relative, "a symbolic link" if entry.is_symlink() else "a special file"))
        if odd:
            raise FindingsError([*sorted(odd, key=lambda error: error.message)])
        return found

    def _walk(self, folder: str, prefix: str) -> Iterator[tuple[os.DirEntry[str], str]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    relative = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        yield from self._walk(entry.path, relative + "/")
                    else:
                        yield entry, relative
        except OSError as error:
            raise _unreadable(prefix.rstrip("/") or ".", error) from error

    def _stream(self, path: str) -> BufferedReader:
        return os.fdopen(os.open(self.path / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def read(self, path: str) -> bytes:
        try:
            with self._stream(path) as stream:
                return stream.read()
        except OSError as error:
            raise _unreadable(path, error) from error

    def digest(self, path: str) -> str:
        """Hex sha256, streamed."""
        try:
            with self._stream(path) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(path, error) from error


def _odd(path: str, kind: str) -> BundleError:
    return BundleError(
        f"{path} is {kind}; a bundle holds only files and directories",
        code="file-not-regular",
        hint="copy the bundle again from its source, without links",
        details={"path": path, "found": kind, "needed": "a regular file"},
    )


def _unreadable(path: str, error: OSError) -> BundleError:
    return BundleError(
        f"{path} cannot be read: {error.strerror}",
        code="file-unreadable",
        hint="the medium may be damaged: copy the bundle again, to another medium",
        details={"path": path, "found": str(error.strerror), "needed": "a readable file"},
    )
