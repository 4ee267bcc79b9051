"""Read a tar from a pipe, member by member, in little memory whatever is in it.

Python's reader keeps every member that it has seen; here nothing is kept, and nothing is written to disk.
"""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING

from graphistry_airgap.connected.adapters import archive_guard
from graphistry_airgap.core.adapters.files import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator


def members(stream: IO[bytes]) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Each member, to be read before the next is asked for; raises `tarfile.TarError`.

    The stream is read to its end, so that whoever writes it ends well.
    """
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=archive_guard.GuardedTarInfo) as tar:
        for member in archive_guard.members(tar):
            yield tar, member
    while stream.read(CHUNK):
        pass


def content(tar: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> bytes:
    """At most `limit` bytes of a file."""
    stream = tar.extractfile(member)
    return stream.read(limit) if stream else b""
