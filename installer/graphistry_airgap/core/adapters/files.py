"""Files: atomic writes and streamed digests."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.canonical import readable_json
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file, streamed."""
    with path.open("rb") as stream:
        digest = sha256()
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()


def write_atomic(path: Path, data: bytes | str, *, mode: int = 0o644) -> None:
    """Write via a temporary file in the same directory, fsync, rename."""
    raw = data.encode() if isinstance(data, str) else data
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def require_writable(folder: Path, hint: str = "name a directory that you may write") -> None:
    """Refuse a directory in which no file can be made, before any long work; a full one is not meant."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"the directory {folder} cannot be written: {error.strerror}",
            code="output-unwritable",
            hint=hint,
            details={
                "found": error.strerror,
                "needed": "a directory that you may write",
                "path": str(folder),
            },
        ) from None


def write_output(path: Path, data: bytes | str, *, mode: int) -> None:
    """Where somebody says, along a link; root could put a file in the place of a device or a pipe."""
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    write_atomic(place, data, mode=mode)


def save_json(path: Path, document: dict[str, Any]) -> None:
    """A whole file or none, for people and programs to read."""
    write_atomic(path, readable_json(document))


def walk_files(root: Path) -> Iterator[str]:
    """Relative POSIX paths of everything below `root` that is not a directory, sorted.

    Symbolic links count as entries and are not followed.
    """
    found: list[str] = []
    for folder, directories, names in os.walk(root):
        links = [name for name in directories if (Path(folder) / name).is_symlink()]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in [*names, *links]]
    yield from sorted(found)
