"""Archives of others, read as if somebody had made them to do harm.

`Allowance` ends decompression bombs, `GuardedTarInfo` and `members` headers that would fill memory.  Members
are refused that are neither files, directories nor links, or whose names lead out of the archive.
"""

from __future__ import annotations

import posixpath
import tarfile
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Set as AbstractSet
    from pathlib import Path

# container images and releases shrink to a third or so, never to a hundredth
MOST_TIMES = 100
ALWAYS_ALLOWED = 1 << 30
# tarfile keeps every member in memory
MOST_MEMBERS = 500_000
# of files that are read whole
SMALL_FILES = 64 << 20
LARGEST_HEADER = 1 << 20
# Python walks and removes directories by recursion
DEEPEST = 100
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class HostileArchiveError(tarfile.TarError):
    """What in the archive was made to do harm, or looks like it."""


class GuardedTarInfo(tarfile.TarInfo):
    """Headers in which names of any length travel are read whole; here they have a limit.

    What malformed headers make tarfile raise is a `TarError` here, whatever it was.
    """

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except (ValueError, OverflowError, RecursionError) as error:
            raise HostileArchiveError(f"a header of it is malformed ({type(error).__name__})") from None

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.type in _HEADERS and found.size > LARGEST_HEADER:
            raise HostileArchiveError(f"a header of it has {found.size} bytes")
        return found


class Allowance:
    """How much one archive may become."""

    def __init__(self, archive: Path) -> None:
        self.limit = self.left = archive.stat().st_size * MOST_TIMES + ALWAYS_ALLOWED
        self.members = MOST_MEMBERS
        self.small = SMALL_FILES

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise HostileArchiveError(f"it unpacks to more than {self.limit >> 20} MiB")

    def take_small(self, count: int) -> None:
        self.small -= count
        if self.small < 0:
            raise HostileArchiveError(f"its small files are more than {SMALL_FILES >> 20} MiB")

    def take_member(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise HostileArchiveError(f"it holds more than {MOST_MEMBERS} members")


def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """One after the other; tarfile would keep them all, each with whatever its headers hold."""
    while member := tar.next():
        yield member
        tar.members.clear()  # type: ignore[attr-defined]


def plain_name(member: tarfile.TarInfo) -> str:
    """The member's name; refused unless it is a file, a directory or a link that stays inside."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise HostileArchiveError(f"{member.name!r} is a device, a pipe or of an unknown kind")
    name = _inside(member, posixpath.normpath(member.name))
    if name.count("/") >= DEEPEST:
        raise HostileArchiveError(f"{name!r:.80} lies more than {DEEPEST} directories deep")
    return name


def link_target(member: tarfile.TarInfo, name: str) -> str:
    """Where a link leads, as a name of the archive."""
    base = posixpath.dirname(name) if member.issym() else ""
    return _inside(member, posixpath.normpath(posixpath.join(base, member.linkname)))


def refuse_below(name: str, leaves: AbstractSet[str]) -> None:
    """Refuse a member below one that is no directory: that way leads along a link."""
    parts = name.split("/")
    for count in range(1, len(parts)):
        if (parent := "/".join(parts[:count])) in leaves:
            raise HostileArchiveError(f"{name!r} lies below {parent!r}, which is no directory")


def _inside(member: tarfile.TarInfo, name: str) -> str:
    if name.startswith(("/", "../")) or name == "..":
        raise HostileArchiveError(f"{member.name!r} leads out of it, to {name!r}")
    return name
