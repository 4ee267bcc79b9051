"""Files of the bundle's medium, which may be exchanged at any moment: only bytes that were signed are used.

A file is opened without following a link and without waiting for a pipe, and it is hashed while it is
read or copied.  What runs afterwards has the copy and never the medium.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import TYPE_CHECKING, BinaryIO

from . import digests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# a run that ends with such a code ends as one whose bundle was refused at its start
CHANGED = "bundle-file-changed"
HINT = "the medium is damaged or was changed: copy the bundle again and run `bundle verify`"
# of a file that is read whole: keyrings, tokens
LARGEST = 16 << 20
_CHUNK = 1 << 20
_APT_BLAMES_FILES = re.compile(
    r"Hash Sum mismatch|unexpected size|BADSIG|Message has been manipulated|Clearsigned file isn't valid"
    r"|Failed to stat|File not found"
    # a file that changes while apt copies it
    r"|Failed to fetch copy:\S+\s+Undetermined Error"
)


class MediumError(Exception):
    """`path` is the file of the bundle at fault."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


def opened(path: Path) -> BinaryIO:
    """A regular file, opened for reading; everything else is an `OSError`."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    return os.fdopen(handle, "rb")


def copy(source: Path, target: BinaryIO, *, name: str, sha256: str) -> None:
    """Copy a file of the bundle; what was written counts only when this returns."""
    digest = digests.sha256()
    for chunk in _chunks(source, name):
        digest.update(chunk)
        target.write(chunk)
    _compare(digest.hexdigest(), name, sha256)


def read(source: Path, *, name: str, sha256: str) -> bytes:
    """The whole of a small file of the bundle."""
    data = bytearray()
    for chunk in _chunks(source, name):
        data += chunk
        if len(data) > LARGEST:
            raise MediumError(f"{name} is larger than {LARGEST >> 20} MiB, which no such file is", name)
    _compare(digests.sha256(data).hexdigest(), name, sha256)
    return bytes(data)


def is_to_blame(words: str) -> bool:
    """Whether apt complains about the files that it read, and not about the host or its clock."""
    return _APT_BLAMES_FILES.search(words) is not None


def _chunks(source: Path, name: str) -> Iterator[bytes]:
    try:
        with opened(source) as stream:
            yield from iter(lambda: stream.read(_CHUNK), b"")
    except OSError as error:
        raise MediumError(f"{name} of the bundle cannot be read: {error.strerror}", name) from error


def _compare(found: str, name: str, sha256: str) -> None:
    if found != sha256:
        raise MediumError(
            f"{name} is not the file that the bundle lists: its sha256 is {found}, listed is {sha256}", name
        )
