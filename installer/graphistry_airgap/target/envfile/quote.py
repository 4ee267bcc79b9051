"""How a value is written into an env file so that Docker Compose reads it back unchanged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+=\-]+")
# before a quote or the end, an odd backslash would hide the quote
_NOT_SINGLE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:'|\Z)")
_DOUBLE = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r"}


def forms(value: str) -> Iterator[str]:
    """Ways to write a value, the plainest first; which of them fit depends on what stands around."""
    if value == "":
        yield ""
    elif _PLAIN.fullmatch(value):
        yield value
    if not _NOT_SINGLE.search(value) and "\n" not in value and "\r" not in value:
        yield "'" + value.replace("'", "\\'") + "'"
    yield '"' + "".join(_DOUBLE.get(char, char) for char in value) + '"'


def storable(value: str) -> str:
    """Why a container could not get this value; empty when it can."""
    if "\0" in value:
        return "it holds a NUL byte"
    if any("\ud800" <= char <= "\udfff" for char in value):
        return "it is not UTF-8"
    return ""
