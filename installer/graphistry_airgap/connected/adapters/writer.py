"""Writes a bundle directory: beside its final place, complete, then renamed into it.

A bundle that is there already is exchanged in one step; anything else is left
alone.  What a killed build left behind is removed by the next one.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.checksums import SUMS
from graphistry_airgap.bundle.manifest import MANIFEST
from graphistry_airgap.core.adapters.files import CHUNK, require_writable
from graphistry_airgap.core.errors import InputError, StageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphistry_airgap.bundle.layout import Piece

AT_FDCWD, RENAME_EXCHANGE = -100, 2


class BundleWriter:
    def check(self, out: Path) -> None:
        """Refuse a place where something other than a bundle lies, or where none can be made."""
        if os.path.lexists(out) and not _is_bundle(out):
            raise InputError(
                f"{out} exists and is no bundle that can be read",
                code="output-exists",
                hint="name another place, or remove what is there",
            )
        require_writable(out.absolute().parent, "make it first, or name a place below one that you may write")

    @contextmanager
    def partial(self, out: Path) -> Iterator[Path]:
        """A directory to fill; it takes the place of `out` when the block ends well."""
        out = out.absolute()
        _remove_leftovers(out)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
        held = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield partial
            _publish(partial, out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(held)

    def write(self, partial: Path, pieces: Iterable[Piece]) -> None:
        """Copy the pieces, each checked while it is copied."""
        for piece in pieces:
            target = partial / piece.path
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = _write(piece, target)
            if digest != piece.sha256:
                raise StageError(
                    f"{piece.source if isinstance(piece.source, Path) else piece.path} has sha256 {digest}, "
                    f"{piece.sha256} was expected",
                    code="source-changed",
                    hint="something changed it during the build, or the cache's disk is damaged: "
                    "remove that file and repeat",
                )

    def finish(self, partial: Path, epoch: float) -> None:
        """Give everything the modes and times that depend on content only."""
        for folder, directories, files in os.walk(partial, topdown=False):
            for name in [*files, *directories]:
                os.utime(Path(folder) / name, (epoch, epoch))
            Path(folder).chmod(0o755)
        os.utime(partial, (epoch, epoch))


def _write(piece: Piece, target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("xb") as writer:
        for chunk in _chunks(piece.source):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fchmod(writer.fileno(), 0o600 if piece.private else 0o755 if piece.executable else 0o644)
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as reader:
        while chunk := reader.read(CHUNK):
            yield chunk


def _is_bundle(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir() or not os.access(path, os.X_OK):
        return False
    return all((path / name).is_file() for name in (MANIFEST, SUMS))


def _publish(partial: Path, out: Path) -> None:
    if not os.path.lexists(out):
        partial.rename(out)
    elif not _is_bundle(out):
        raise InputError(
            f"{out} appeared during the build and is not a bundle",
            code="output-exists",
            hint="name another place, or remove what is there",
        )
    elif not _exchange(partial, out):
        # a file system that cannot exchange two directories in one step
        aside = partial.with_name(f"{partial.name}.old")
        out.rename(aside)
        partial.rename(out)
        shutil.rmtree(aside)
    folder = os.open(out.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def _exchange(one: Path, other: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _remove_leftovers(out: Path) -> None:
    for leftover in out.parent.glob(f".{out.name}.partial-*"):
        held = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(held)
