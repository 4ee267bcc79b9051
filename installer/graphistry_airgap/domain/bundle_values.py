"""Values of bundle.json: each of the expected type and shape, or a ValueError or TypeError that says so."""

from __future__ import annotations

import re
from typing import Any

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# these become parts of paths, of files that apt reads, or of argument lists
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_/-]*")
# of a flat repository, which has no dists/, a path: mostly the repository itself
SUITE = re.compile(rf"\.?/|{WORD.pattern}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_~^:-]*")


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected where {value!r:.80} stands")
    return value


def like(pattern: re.Pattern[str], value: Any) -> str:
    found = text(value)
    if not pattern.fullmatch(found):
        raise ValueError(f"{found!r:.80} has characters that do not belong there")
    return found


def inside(value: Any) -> str:
    """A path that is plainly inside the bundle; an unsigned manifest must not reach out of it either."""
    path = text(value)
    if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"a path inside the bundle was expected where {path!r} stands")
    return path


def size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"a size was expected where {value!r:.80} stands")
    return value


def digest(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError(f"a digest (sha256:<64 hex digits>) was expected where {value!r:.80} stands")
    return value


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false was expected where {value!r:.80} stands")
    return value


def one_of(known: tuple[str, ...], value: Any) -> str:
    if value not in known:
        raise ValueError(f"one of {', '.join(known)} was expected where {value!r:.80} stands")
    return text(value)
