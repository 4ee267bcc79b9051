"""A kernel module with what `modinfo` tells of it and nothing else: a stand-in that no kernel would load."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = "<4s5B7xHHIQQQIHHHHHH"
_SECTION = "<IIQQQQIIQQ"
_RELOCATABLE, _X86_64, _SIZE = 1, 62, 64
_BITS, _STRINGS = 1, 3
_NAMES = b"\0.modinfo\0.shstrtab\0"


def module(told: Mapping[str, str]) -> bytes:
    """An ELF file with one section of content, `.modinfo`."""
    content = b"".join(f"{key}={value}\0".encode() for key, value in told.items())
    ends = _SIZE + len(content) + len(_NAMES)
    identity = (b"\x7fELF", 2, 1, 1, 0, 0)
    header = struct.pack(
        _HEADER, *identity, _RELOCATABLE, _X86_64, 1, 0, 0, ends, 0, _SIZE, 0, 0, _SIZE, 3, 2
    )
    sections = (
        bytes(_SIZE),
        _section(1, _BITS, _SIZE, len(content)),
        _section(_NAMES.index(b".shstrtab"), _STRINGS, _SIZE + len(content), len(_NAMES)),
    )
    return header + content + _NAMES + b"".join(sections)


def _section(name: int, kind: int, offset: int, size: int) -> bytes:
    return struct.pack(_SECTION, name, kind, 0, 0, offset, size, 0, 0, 1, 0)
