"""`$` in a value of an env file, substituted as Docker Compose substitutes it.

Known forms: `$NAME`, `${NAME}`, `${NAME:-default}` with `-`, `:+`, `+`, `:?`, `?`, nested, and `$$` for
one dollar.  Compose puts nothing in the place of a name that has no value, without an error.
Only a bare name can be lost in this way: whoever writes another form says what shall stand there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Lookup = Callable[[str], "str | None"]
    Lost = Callable[[str], object]

# U+017F and U+212A fold to `s` and `k` where Compose ignores case; Python would fold two more
_HEAD = r"_a-zA-Z\u017f\u212a"
_NAME = rf"[{_HEAD}][{_HEAD}0-9]*"
_PATTERN = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<named>{_NAME})|\{{(?:(?P<braced>{_NAME}(?::?[-+?].*)?)\}}|(?P<invalid>)))"
)
_OPERATORS = (":?", "?", ":-", "-", ":+", "+")


class TemplateError(ValueError):
    """Compose refuses this use of `$`; the message repeats nothing of the value."""


def substitute(text: str, lookup: Lookup, lost: Lost = lambda _: None) -> str:
    """The text with every `$` form replaced; `lookup` gives None for a name without a value.

    `lost` is told each bare name without a value, where nothing comes to stand.
    """
    done, position = [], 0
    while match := _PATTERN.search(text, position):
        done.append(text[position : match.start()])
        value, length = _replacement(match[0], lookup, lost)
        done.append(value)
        position = match.start() + length
    return "".join(done) + text[position:]


def _replacement(found: str, lookup: Lookup, lost: Lost) -> tuple[str, int]:
    """What comes to stand there, and how much of the text it replaces.

    The pattern is greedy: what follows the brace that closes the first form is text again.
    """
    operator = _first_operator(found)
    closing = _closing_brace(found)
    form = found[: closing + 1] if closing >= 0 else found
    match = _PATTERN.match(form)
    if match is None or match["invalid"] is not None:
        raise TemplateError("a `${` does not begin a name in braces")
    if match["escaped"]:
        return "$", len(found)
    name = match["braced"]
    if name is None:
        return _bare(match["named"], lookup, lost), len(found)
    if operator and operator in name:
        return _operate(name, operator, lookup, lost), len(form)
    return _bare(name, lookup, lost), len(found)


def _bare(name: str, lookup: Lookup, lost: Lost) -> str:
    value = lookup(name)
    if value is None:
        lost(name)
    return value or ""


def _operate(expression: str, operator: str, lookup: Lookup, lost: Lost) -> str:
    name, _, text = expression.partition(operator)
    within: list[str] = []
    text = substitute(text, lookup, within.append)
    value = lookup(name)
    present = value is not None and (value != "" or not operator.startswith(":"))
    if operator.endswith("?"):
        if not present:
            raise TemplateError(f"the value of {name} is required and there is none")
        return value or ""
    if present == operator.endswith("-"):
        return value or ""
    for inner in within:
        lost(inner)
    return text


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
