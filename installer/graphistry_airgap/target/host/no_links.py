"""Directories reached without following a link below a root that is root's own.

Containers have parts of a release mounted for writing, so what lies there may have become a link to anywhere.
Each step is opened from the handle of the one before: nothing can be exchanged between a look and a write.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class LinkError(OSError):
    """A part of the way is a link, or no directory."""


@contextmanager
def directory(root: Path, relative: str, *, make: bool = False) -> Iterator[int]:
    """A handle of `root/relative`; missing directories are made when `make` says so."""
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in PurePosixPath(relative).parts:
            following = _step(handle, part, make=make)
            os.close(handle)
            handle = following
        yield handle
    finally:
        os.close(handle)


def _step(handle: int, part: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(part, 0o755, dir_fd=handle)
    try:
        return os.open(part, _DIRECTORY, dir_fd=handle)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise LinkError(error.errno, "it is a link or no directory", part) from None
        raise
