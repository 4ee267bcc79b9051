"""`daemon.json` read as Docker reads it: Go's encoding/json, into a structure with maps.

A key that stands twice: of a scalar or a list the last one counts, an object is filled by both. Python's
reader would lose the first one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


class TextError(ValueError):
    """Docker cannot read it either; the words name line and column."""


@dataclass(frozen=True)
class Config:
    """`twice` are the top-level keys that stand more than once."""

    values: dict[str, Any] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)


def read(text: str) -> Config:
    """An empty file is an empty configuration; `TextError` where there is no object."""
    bare = text.removeprefix("\ufeff")
    if not bare.strip():
        return Config()
    try:
        value = json.loads(bare, object_pairs_hook=_Pairs, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise TextError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    if not isinstance(value, _Pairs):
        raise TextError(f"line 1, column 1: the file holds a {type(value).__name__}, not an object")
    names = [key for key, _ in value.pairs]
    return Config(_merged(value), sorted({name for name in names if names.count(name) > 1}))


class _Pairs:
    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _merged(found: _Pairs) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, given in found.pairs:
        value = _plain(given)
        earlier = values.get(key)
        if isinstance(earlier, dict) and isinstance(value, dict):
            value = {**earlier, **value}
        values[key] = value
    return values


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        return _merged(value)
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _no_constant(name: str) -> Any:
    raise TextError(f"{name} is no JSON")
