"""An env file on disk: read, and replaced only if it is still what was read.

A write is the old file or the new one, with the owner, the mode and the attributes of the old one.
A link is read along, as Compose reads it. Links, read-only files and a file that somebody else has changed
meanwhile are left as they are.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..host.files import keep_replaced, sync_directory

DEFAULT_MODE = 0o600
_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


class EnvDiskError(Exception):
    """The file stays as it is; `code` says why."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class OnDisk:
    """`state` is None for a file that does not exist."""

    path: Path
    data: bytes
    state: os.stat_result | None

    @property
    def mode(self) -> int | None:
        return None if self.state is None else stat.S_IMODE(self.state.st_mode)


def load(path: Path) -> OnDisk:
    try:
        # without O_NONBLOCK a named pipe would be waited for
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            state = os.fstat(stream.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise _odd(path, "no regular file")
            return OnDisk(path, stream.read(), state)
    except FileNotFoundError:
        return OnDisk(path, b"", None)
    except IsADirectoryError as error:
        raise _odd(path, "a directory") from error
    except OSError as error:
        hint = "check the path and its permissions"
        raise EnvDiskError(f"{path}: {_said(error)}", code="env-file-unreadable", hint=hint) from error


def keep(path: Path, store: Path) -> None:
    """A copy of what is about to be replaced; a file of which none can be kept is not replaced."""
    try:
        keep_replaced(path, store)
    except OSError as error:
        message = f"{path} stays as it is, because no copy of it can be kept in {store}: {_said(error)}"
        raise _unwritable(message, store, error) from error


def save(before: OnDisk, data: bytes, *, mode: int | None = None) -> None:
    """Replace what was read by `data`; without `mode` the old one stays."""
    path = before.path
    if path.is_symlink():
        target = os.path.realpath(path)
        raise EnvDiskError(
            f"{path} is a symbolic link to {target}; nothing is written along it, nor in its place",
            code="env-file-link",
            hint=f"edit {target} itself, or put a file in the place of the link",
        )
    if before.mode is not None and not before.mode & 0o222:
        raise EnvDiskError(
            f"{path} is read-only (mode {before.mode:04o}), so somebody wants it to stay as it is",
            code="env-file-read-only",
            hint=f"`chmod u+w {path}` and repeat",
        )
    try:
        _replace(before, data, mode if mode is not None else before.mode or DEFAULT_MODE)
    except OSError as error:
        message = f"{path} cannot be written and stays as it is: {_said(error)}"
        raise _unwritable(message, path.parent, error) from error


def _replace(before: OnDisk, data: bytes, mode: int) -> None:
    path = before.path
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            _dress(stream.fileno(), before, mode)
            os.fsync(stream.fileno())
        _require_unchanged(before)
        if before.state is None:
            # a link fails where a file has appeared; a rename would replace it
            os.link(temporary, path)
            temporary.unlink()
        else:
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _dress(handle: int, before: OnDisk, mode: int) -> None:
    if before.state is not None:
        if (before.state.st_uid, before.state.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(handle, before.state.st_uid, before.state.st_gid)
        # access lists and security labels, where the file system has them
        with suppress(OSError):
            for name in os.listxattr(before.path):
                os.setxattr(handle, name, os.getxattr(before.path, name))
    os.fchmod(handle, mode)


def _require_unchanged(before: OnDisk) -> None:
    now = load(before.path)
    if now.data != before.data or (now.state is None) != (before.state is None):
        raise EnvDiskError(
            f"{before.path} was changed by somebody else meanwhile",
            code="env-file-changed",
            hint="repeat the command; it then works on the new content",
        )


def _unwritable(message: str, folder: Path, error: OSError) -> EnvDiskError:
    if isinstance(error, FileExistsError):
        hint = "repeat the command; it then works on the new content"
        return EnvDiskError(message, code="env-file-changed", hint=hint)
    if error.errno in _FULL:
        hint = f"make room on the file system of {folder}"
        return EnvDiskError(message, code="disk-full", hint=hint)
    if error.errno in _READ_ONLY:
        hint = f"check who may write in {folder}, and whether it is mounted read-only"
        return EnvDiskError(message, code="env-file-read-only", hint=hint)
    return EnvDiskError(message, code="env-file-unwritable", hint=f"check the directory {folder}")


def _odd(path: Path, what: str) -> EnvDiskError:
    return EnvDiskError(f"{path} is {what}", code="env-file-unreadable", hint="name an env file")


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__
