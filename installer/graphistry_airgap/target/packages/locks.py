"""Who holds a POSIX lock on a file, asked without taking it."""

from __future__ import annotations

import fcntl
import os
import struct
from typing import TYPE_CHECKING

from .model import Holder, command_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..host.machine import Host

# struct flock of Linux: two shorts, two longs, one int, padding
_FLOCK = "hhllixxxx"


def holder(host: Host, names: Iterable[str]) -> Holder | None:
    """The first process that holds one of these lock files; None when all are free."""
    for name in names:
        try:
            handle = os.open(host.path(name), os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            query = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, query))
        finally:
            os.close(handle)
        if kind != fcntl.F_UNLCK:
            return Holder(name, int(pid), command_of(pid))
    return None
