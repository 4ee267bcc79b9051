"""Package indices of apt repositories: names, and which packages every system has."""

from __future__ import annotations

import gzip
import lzma
import re
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REQUIRED = re.compile(rb"^(Priority: required|Essential: yes)$", re.MULTILINE)
_NAME = re.compile(rb"^Package: (\S+)$", re.MULTILINE)


def required_names(mirror: Path) -> Iterator[str]:
    """Of all indices below it, the packages that the platform itself requires."""
    for index in sorted(mirror.rglob("Packages*")):
        for stanza in _stanzas(index, index.suffix):
            if _REQUIRED.search(stanza) and (name := _NAME.search(stanza)):
                yield name[1].decode()


def names(index: Path, suffix: str) -> Iterator[str]:
    """All packages of an index, whose own name need not tell how it is compressed."""
    for stanza in _stanzas(index, suffix):
        if name := _NAME.search(stanza):
            yield name[1].decode()


def _stanzas(index: Path, suffix: str) -> Iterator[bytes]:
    with _open(index, suffix) as stream:
        rest = b""
        while chunk := stream.read(1 << 20):
            *whole, rest = (rest + chunk).split(b"\n\n")
            yield from whole
        yield rest


def _open(path: Path, suffix: str) -> IO[bytes]:
    if suffix == ".xz":
        return lzma.open(path)
    return gzip.open(path) if suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
