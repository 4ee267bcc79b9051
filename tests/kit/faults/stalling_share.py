"""A share whose server stops answering: a file system of our own (FUSE) that serves one directory of files.

Reads of a file named in `stalled` get no answer, as from an NFS server that is gone; everything else works.
The name "." stands for the state of the file system itself.
Needs root and /dev/fuse.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FUSE = Path("/dev/fuse")
NO_ENTRY, NOT_IMPLEMENTED = -2, -38
_HEADER, _ANSWER = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
_MNT_DETACH = 2


class _Share:
    """Inode 1 is the root; every file and directory below it has the number of its place in `paths`."""

    def __init__(self, root: Path, stalled: frozenset[str]) -> None:
        self.root = root
        self.stalled = stalled
        below = sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))
        self.paths = {1: "."} | dict(enumerate(below, 2))
        self.numbers = {path: number for number, path in self.paths.items()}

    def attributes(self, number: int) -> bytes:
        state = (self.root / self.paths[number]).stat()
        times = (int(state.st_mtime),) * 3
        return _ATTRIBUTES.pack(
            number, state.st_size, 0, *times, 0, 0, 0, state.st_mode, state.st_nlink, 0, 0, 0, 4096, 0
        )

    def answer(self, operation: int, number: int, body: bytes) -> bytes | int | None:
        """The body of an answer, a negative errno, or None for none at all."""
        # numbers and structures are those of linux/fuse.h
        known = {
            1: self._lookup,
            2: lambda *_: None,  # FORGET wants no answer
            3: lambda *_: struct.pack("<QII", 60, 0, 0) + self.attributes(number),  # GETATTR
            14: lambda *_: bytes(16),  # OPEN
            15: self._read,
            17: lambda *_: None if "." in self.stalled else bytes(80),  # STATFS
            18: lambda *_: b"",  # RELEASE
            25: lambda *_: b"",  # FLUSH
            26: lambda *_: struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 1 << 17, 1, 0, 0, 0),  # INIT
            27: lambda *_: bytes(16),  # OPENDIR
            28: self._entries,
            29: lambda *_: b"",  # RELEASEDIR
        }
        return known.get(operation, lambda *_: NOT_IMPLEMENTED)(number, body)

    def _lookup(self, number: int, body: bytes) -> bytes | int:
        name = (Path(self.paths[number]) / os.fsdecode(body.rstrip(b"\0"))).as_posix()
        found = self.numbers.get(name)
        if found is None:
            return NO_ENTRY
        return struct.pack("<QQQQII", found, 0, 60, 60, 0, 0) + self.attributes(found)

    def _read(self, number: int, body: bytes) -> bytes | None:
        offset, size = struct.unpack_from("<8xQI", body)
        path = self.paths[number]
        return None if path in self.stalled else (self.root / path).read_bytes()[offset : offset + size]

    def _entries(self, number: int, body: bytes) -> bytes:
        if struct.unpack_from("<8xQ", body)[0]:
            return b""  # all of them were in the first answer
        listed = b""
        for child in sorted((self.root / self.paths[number]).iterdir()):
            name = os.fsencode(child.name)
            inode = self.numbers[child.relative_to(self.root).as_posix()]
            kind = stat.S_IFMT(child.stat().st_mode) >> 12
            entry = struct.pack("<QQII", inode, inode, len(name), kind) + name
            listed += entry.ljust((len(entry) + 7) & ~7, b"\0")
        return listed

    def serve(self, device: int) -> None:
        while True:
            try:
                request = os.read(device, 1 << 18)
            except OSError:  # unmounted
                return
            length, operation, unique, number, *_ = _HEADER.unpack_from(request)
            given = self.answer(operation, number, request[_HEADER.size : length])
            if given is None:
                continue
            status, body = (given, b"") if isinstance(given, int) else (0, given)
            os.write(device, _ANSWER.pack(_ANSWER.size + len(body), status, unique) + body)


def main() -> int:
    files, place, *stalled = sys.argv[1:]
    device = os.open(FUSE, os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"share", os.fsencode(place), b"fuse.share", 0, options):
        raise SystemExit(os.strerror(ctypes.get_errno()))
    _Share(Path(files), frozenset(stalled)).serve(device)
    return 0


@contextmanager
def stalling_share(files: Path, place: Path, *, stalled: str) -> Iterator[Path]:
    """`files` as they are, seen at `place`, but reads of the file `stalled` never end.

    The server is a process of its own: with its end the kernel gives up on whoever still waits.
    """
    place.mkdir()
    server = subprocess.Popen([sys.executable, __file__, files, place, stalled])
    try:
        while not place.is_mount():
            assert server.poll() is None, "the share cannot be mounted"
            time.sleep(0.05)
        yield place
    finally:
        server.kill()
        server.wait()
        ctypes.CDLL(None).umount2(os.fsencode(place), _MNT_DETACH)


if __name__ == "__main__":
    raise SystemExit(main())
