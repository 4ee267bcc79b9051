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
# of a file that is read whole, at times before anybody has vouched for it
_LARGEST = 64 << 20


class BundleDirectory:
    """`path` is absolute and free of links."""

    def __init__(self, path: Path) -> None:
        """Exit 2 when nothing is there, exit 4 when it is no bundle."""
        try:
            self.path = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
            reason = error.strerror if isinstance(error, OSError) else str(error)
            absent = isinstance(error, FileNotFoundError)
            raise InputError(
                f"{path} does not exist" if absent else f"{path} cannot be opened: {reason}",
                code="bundle-not-found",
                hint="name the bundle's directory; is the medium mounted?",
                details={"found": "nothing", "needed": "a bundle directory", "path": str(path)},
            ) from None
        if not str(self.path).isprintable():
            raise InputError(
                f"the path of the bundle is no plain text: {str(self.path)!r}",
                code="bundle-path",
                hint="mount or copy the bundle at a plain path",
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

    def files(self) -> dict[str, int]:
        """Relative path → size of every file; links and special files are refused, all of them at once."""
        found: dict[str, int] = {}
        odd: list[BundleError] = []
        for relative, mode in self._walk():
            if stat.S_ISREG(mode.st_mode):
                found[relative] = mode.st_size
            else:
                is_link = stat.S_ISLNK(mode.st_mode)
                odd.append(_odd(relative, "a symbolic link" if is_link else "a special file"))
        if odd:
            raise FindingsError([*sorted(odd, key=lambda error: error.message)])
        return found

    def _walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """Everything but directories; no recursion, for a medium may nest deeper than Python's stack."""
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            try:
                with os.scandir(self.path / prefix) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(f"{prefix}{entry.name}/")
                        else:
                            yield prefix + entry.name, entry.stat(follow_symlinks=False)
            except OSError as error:
                raise _unreadable(prefix.rstrip("/") or ".", error) from error

    def _stream(self, path: str) -> BufferedReader:
        # a file that became a pipe since it was listed must not stop the run
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        return os.fdopen(os.open(self.path / path, flags), "rb")

    def read(self, path: str) -> bytes:
        """The whole file, for those that are small in every bundle."""
        try:
            with self._stream(path) as stream:
                data = stream.read(_LARGEST + 1)
        except OSError as error:
            raise _unreadable(path, error) from error
        if len(data) > _LARGEST:
            raise BundleError(
                f"{path} is larger than {_LARGEST >> 20} MiB, which no such file is",
                code="file-too-large",
                hint="copy the bundle again from its source and verify it there first",
                details={"path": path, "needed": f"at most {_LARGEST} bytes"},
            )
        return data

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
