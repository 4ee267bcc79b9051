"""JSON from a medium or out of a closed network: read so that it has one meaning and fits into memory."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

# each takes up to some hundred bytes; the bill of materials of 50,000 packages has fewer
MOST_VALUES = 1_000_000


class JsonError(ValueError):
    """What cannot be taken; `str()` says why."""


def load_json(raw: bytes) -> Any:
    """No key twice, nothing that is not in the standard, no more values or depth than Python bears."""
    # before each value stands one of these; those inside of texts are counted, too
    if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise JsonError(f"it holds more than {MOST_VALUES} values")
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refused)
    except RecursionError:
        raise JsonError("it is nested too deeply") from None
    except ValueError as error:
        raise JsonError(str(error)) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise JsonError(f"the key {twice!r:.80} is given twice")
    return found


def _refused(word: str) -> None:
    raise JsonError(f"{word} is no JSON")
