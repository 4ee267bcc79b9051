"""A bundle directory on disk: regular files only, read without following links."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from graphistry_airgap.bundle import checksums
from graphistry_airgap.bundle.adapters.silence import Watchdog
from graphistry_airgap.bundle.checksums import SUMS
from graphistry_airgap.core.adapters.files import CHUNK
from graphistry_airgap.core.errors import BundleError, FindingsError, InputError
from graphistry_airgap.target.host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graphistry_airgap.bundle.adapters.silence import Beat

_MARKS = (SUMS, "bundle.json")
# of a file that is read whole, at times before anybody has vouched for it
_LARGEST = 64 << 20
_DAMAGED = "the medium may be damaged: copy the bundle again, to another medium"
_FORBIDDEN = "check who may read it, or work as a user who may read the whole bundle"


class BundleDirectory:
    """`path` is absolute and free of links."""

    def __init__(self, path: Path, say: Callable[[str], None] = lambda _: None) -> None:
        """Exit 2 when nothing is there, exit 4 when it is no bundle; `say` is told what does not answer."""
        self._watchdog = Watchdog(say)
        self._watchdog.call(str(path), lambda _: self._find(path))

    def _find(self, path: Path) -> None:
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
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            raise InputError(
                f"the directory {path} cannot be read by this user",
                code="bundle-unreadable",
                hint="check who may read it and its mount's options, or work as a user who may",
                details={"found": "no permission", "needed": "a readable directory", "path": str(path)},
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
        return self._watchdog.call("its list of files", self._files)

    def _files(self, beat: Beat) -> dict[str, int]:
        found: dict[str, int] = {}
        odd: list[BundleError] = []
        for relative, mode in self._walk():
            beat()
            if len(found) + len(odd) >= checksums.MOST_FILES:
                raise BundleError(
                    f"{self.path} holds more than {checksums.MOST_FILES} files, which no bundle does",
                    code="too-many-files",
                    hint="find out who put them there, or copy the bundle again",
                    details={
                        "found": f"more than {checksums.MOST_FILES} files",
                        "needed": "a bundle's own files",
                    },
                )
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

    def _chunks(self, path: str, beat: Beat) -> Iterator[memoryview]:
        """The file's bytes, in pieces that are valid until the next one."""
        # a file that became a pipe since it was listed must not stop the run
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        buffer = memoryview(bytearray(CHUNK))
        try:
            with os.fdopen(os.open(self.path / path, flags), "rb", buffering=0) as stream:
                _refuse_device(path, os.fstat(stream.fileno()).st_mode)
                while count := stream.readinto(buffer):
                    beat()
                    yield buffer[:count]
        except OSError as error:
            raise _unreadable(path, error) from error

    def read(self, path: str) -> bytes:
        """The whole file, for those that are small in every bundle."""
        return self._watchdog.call(path, lambda beat: self._read(path, beat))

    def _read(self, path: str, beat: Beat) -> bytes:
        data = bytearray()
        for chunk in self._chunks(path, beat):
            data += chunk
            if len(data) > _LARGEST:
                raise BundleError(
                    f"{path} is larger than {_LARGEST >> 20} MiB, which no such file is",
                    code="file-too-large",
                    hint="copy the bundle again from its source and verify it there first",
                    details={"path": path, "needed": f"at most {_LARGEST} bytes"},
                )
        return bytes(data)

    def digest(self, path: str) -> str:
        """Hex sha256, streamed."""
        return self._watchdog.call(path, lambda beat: self._digest(path, beat))

    def _digest(self, path: str, beat: Beat) -> str:
        digest = sha256()
        for chunk in self._chunks(path, beat):
            digest.update(chunk)
        return digest.hexdigest()


def _refuse_device(path: str, mode: int) -> None:
    """Some never end."""
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise _odd(path, "a device")


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
        hint=_FORBIDDEN if isinstance(error, PermissionError) else _DAMAGED,
        details={"path": path, "found": str(error.strerror), "needed": "a readable file"},
    )
