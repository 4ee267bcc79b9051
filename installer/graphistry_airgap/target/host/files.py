"""Files that are the old one or the new one, never half of either.

What a write replaces can be kept first: `keep_replaced` copies it, named by its
path and content, so that keeping the same bytes twice makes one copy.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .digests import sha256


def write_atomic(path: Path, data: bytes, *, mode: int) -> None:
    """Temporary file in the same directory, fsync, rename, fsync of the directory; links are followed."""
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            _inherit_owner(stream.fileno(), target)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def sync_directory(path: Path) -> None:
    """Make renames inside a directory survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep_replaced(path: Path, store: Path) -> Path | None:
    """Copy a file that is about to be replaced into `store`; None when there is nothing to keep."""
    if not path.is_file():
        return None
    data = path.read_bytes()
    name = f"{path.name}.{sha256(data).hexdigest()[:12]}"
    kept = store.joinpath(*path.absolute().parts[1:-1], name)
    if not kept.exists():
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(kept, data, mode=0o600)
    return kept


def mode_of(path: Path) -> int | None:
    """Permission bits, or None when the path does not exist."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None


def content_and_mode(path: Path) -> tuple[bytes | None, int | None]:
    """Both None where no file is."""
    return (path.read_bytes(), mode_of(path)) if path.is_file() else (None, None)


def _inherit_owner(handle: int, target: Path) -> None:
    try:
        before = target.stat()
    except FileNotFoundError:
        return
    if os.geteuid() == 0:
        os.fchown(handle, before.st_uid, before.st_gid)
