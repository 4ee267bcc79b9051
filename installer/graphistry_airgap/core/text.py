"""Text that others wrote, shown so that neither a terminal nor a reader is led astray by it.

What a terminal obeys, what turns the reading direction round and what is no character stands there as an
escape of JSON, so that a JSON document stays one.
"""

from __future__ import annotations

import re

_OBEYED = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_ANYWHERE = re.compile(f"[{_OBEYED}]")
_IN_A_LINE = re.compile(rf"[\t\n{_OBEYED}]")


def printable(text: str) -> str:
    """With its line ends and tabs."""
    return _ANYWHERE.sub(_escaped, text)


def one_line(text: str) -> str:
    """Without them: it cannot look like a second line."""
    return _IN_A_LINE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
