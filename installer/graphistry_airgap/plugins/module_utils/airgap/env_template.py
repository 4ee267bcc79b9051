"""`$` in a value of an env file, substituted as Docker Compose substitutes it.

Known forms: `$NAME`, `${NAME}`, `${NAME:-default}` with `-`, `:+`, `+`, `:?`, `?`, nested, and `$$` for
one dollar.  Compose puts nothing in the place of a name that has no value, without an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], "str | None"]

# U+017F and U+212A fold to `s` and `k` where Compose ignores case; Python would fold two more
_HEAD = r"_a-zA-Z\u017f\u212a"
_NAME = rf"[{_HEAD}][{_HEAD}0-9]*"
_PATTERN = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<named>{_NAME})|\{{(?:(?P<braced>{_NAME}(?::?[-+?].*)?)\}}|(?P<invalid>)))"
)
_OPERATORS = (":?", "?", ":-", "-", ":+", "+")


class TemplateError(ValueError):
    """Compose refuses this use of `$`; the message repeats nothing of the value."""


def substitute(text: str, lookup: Lookup) -> str:
    """The text with every `$` form replaced; `lookup` gives None for a name without a value."""
    return _PATTERN.sub(lambda match: _replacement(match[0], lookup), text)


def _replacement(found: str, lookup: Lookup) -> str:
    operator = _first_operator(found)
    # the pattern is greedy: what follows the brace that closes the first form is text again
    closing = _closing_brace(found)
    rest = ""
    if closing >= 0:
        found, rest = found[: closing + 1], found[closing + 1 :]
    match = _PATTERN.match(found)
    if match is None or match["invalid"] is not None:
        raise TemplateError("a `${` does not begin a name in braces")
    if match["escaped"]:
        return "$"
    name = match["braced"]
    if name is None:
        return lookup(match["named"]) or ""
    if operator and operator in name:
        return _operate(name, operator, lookup) + substitute(rest, lookup)
    return lookup(name) or ""


def _operate(expression: str, operator: str, lookup: Lookup) -> str:
    name, _, text = expression.partition(operator)
    text = substitute(text, lookup)
    value = lookup(name)
    present = value is not None and (value != "" or not operator.startswith(":"))
    if operator.endswith("-"):
        return value or "" if present else text
    if operator.endswith("+"):
        return text if present else value or ""
    if not present:
        raise TemplateError(f"the value of {name} is required and there is none")
    return value or ""


def _first_operator(text: str) -> str:
    found = [(text.index(operator), operator) for operator in _OPERATORS if operator in text]
    return min(found)[1] if found else ""


def _closing_brace(text: str) -> int:
    """Position of the brace that closes the first one, counted as Compose counts; -1 without one."""
    depth, position = 0, 0
    while position < len(text):
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        if text[position] == "{":
            depth += 1
            position += 1
        position += 1
    return -1
