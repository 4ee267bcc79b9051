"""An env file as Docker Compose reads it: every statement with the place of its bytes and its meaning.

The rules are those of Compose 2.x, including the surprising ones: a statement ends where its quoted value
ends, so that more can follow on the line; a value may span lines; ` #` ends a plain value and a tab before
`#` does not; `:` separates like `=`; a name without a value takes it from outside.
Text is UTF-8; bytes that are not stay in it as surrogates, so that encoding gives the same bytes back.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .template import TemplateError, substitute

if TYPE_CHECKING:
    from .template import Lookup

BOM = "\ufeff"
PLAIN, SINGLE, DOUBLE, INHERITED = "plain", "single", "double", "inherited"
_BLANKS = "\t\v\f\r \x85\xa0"
_SPACES = _BLANKS + "\n\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPE = re.compile(r"\\(?:[abcfnrtv$\"\\]|0[0-9]{0,3})")
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
# Linux gives a program no longer string; values of values grow without end
_LONGEST = 128 << 10
_REFERENCE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::?[-?+][^${}]*)?\})")
_EXPORT = re.compile(r"export[\t\n\f\r ]")


class EnvTextError(ValueError):
    """Compose cannot read the file, or the installer's block is broken; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Statement:
    """An assignment: `text[start:end]`, its value with quotes at `text[value_start:value_end]`.

    `value` is what a container gets when nothing but this file has a say; None for a name that takes its
    value from outside.  `references` are the names after a `$`, `unknown` those that nothing replaces;
    `is_reference` says that the value is one of them and nothing else.
    Where an inherited value would stand, its two places are the end of the name.
    """

    name: str
    value: str | None
    form: str
    start: int
    value_start: int
    value_end: int
    end: int
    references: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    is_reference: bool = False


@dataclass(frozen=True)
class Comment:
    """From `#` to the end of its line."""

    start: int
    end: int


@dataclass(frozen=True)
class EnvFile:
    """The text of a file and all that stands in it, in order; the gaps between are blank."""

    text: str
    parts: tuple[Statement | Comment, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(part for part in self.parts if isinstance(part, Statement))

    @property
    def values(self) -> dict[str, str]:
        """Name to value as a container gets them: the last one counts."""
        values: dict[str, str] = {}
        for statement in self.statements:
            if statement.value is not None:
                values[statement.name] = statement.value
        return values

    def line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def as_container_sees(value: str) -> str:
    """Docker's API is JSON: what is no UTF-8 arrives as U+FFFD."""
    return re.sub("[\udc80-\udcff]", "\ufffd", value)


def read(data: bytes, lookup: Lookup | None = None) -> EnvFile:
    """Read a whole file; `lookup` gives values that exist outside it (they go before the file's own)."""
    text = decode(data)
    return _Reader(text, lookup or (lambda _: None)).read()


class _Reader:
    def __init__(self, text: str, lookup: Lookup) -> None:
        self.text = text
        self.outside = lookup
        self.values: dict[str, str] = {}
        self.position = 1 if text.startswith(BOM) else 0

    def read(self) -> EnvFile:
        parts: list[Statement | Comment] = []
        while (part := self._next()) is not None:
            parts.append(part)
            self.position = part.end
            if isinstance(part, Statement) and part.value is not None:
                self.values[part.name] = part.value
        return EnvFile(self.text, tuple(parts))

    def _next(self) -> Statement | Comment | None:
        start = _skip(self.text, self.position, _SPACES)
        if start == len(self.text):
            return None
        if self.text[start] == "#":
            return Comment(start, self._line_end(start))
        name, separator, offset = self._name(start)
        if " " in name:
            raise self._error("a name cannot hold a blank", start)
        if separator == "\n":
            name_end = start + len(self.text[start:offset].rstrip(_SPACES))
            return Statement(name, self.outside(name), INHERITED, start, name_end, name_end, offset)
        value_start = _skip(self.text, offset, _BLANKS)
        if self.text[value_start : value_start + 1] in ("'", '"'):
            return self._quoted(name, start, value_start)
        return self._plain(name, start, value_start)

    def _name(self, start: int) -> tuple[str, str, int]:
        """The name, what ended it, and where the rest begins; a name that the file's end cuts off is none."""
        text, begin = self.text, start
        if _EXPORT.match(text, start):
            begin = _skip(text, start + len("export"), _BLANKS)
        for position in range(begin, len(text)):
            char = text[position]
            if char in "=:\n":
                return text[begin:position].rstrip(_SPACES), char, position + 1
            if char not in _BLANKS and char not in "_.-[]" and unicodedata.category(char)[0] not in "LN":
                shown = "a byte that is not UTF-8" if "\udc80" <= char <= "\udcff" else repr(char)
                raise self._error(f"{shown} cannot stand in a name", start)
        if begin == len(text):
            raise self._error("there is no name after `export`", start)
        return "", "", begin

    def _plain(self, name: str, start: int, value_start: int) -> Statement:
        end = self._line_end(value_start)
        written = self.text[value_start:end].split(" #", 1)[0].rstrip(_SPACES)
        value, references, unknown = self._substituted(written, start)
        value_end = value_start + len(written)
        return Statement(
            name,
            value,
            PLAIN,
            start,
            value_start,
            value_end,
            min(end + 1, len(self.text)),
            references,
            unknown,
            _REFERENCE.fullmatch(written) is not None,
        )

    def _quoted(self, name: str, start: int, value_start: int) -> Statement:
        quote = self.text[value_start]
        position, characters, escaped = value_start + 1, [], False
        while position < len(self.text):
            char = self.text[position]
            if char == quote and not escaped:
                break
            if char == "\\" and not escaped:
                escaped = True
            else:
                # a backslash vanishes only before the quote that encloses
                characters.append("\\" + char if escaped and char != quote else char)
                escaped = False
            position += 1
        else:
            raise self._error(f"the quote that opens the value of {name} is never closed", start)
        written = "".join(characters)
        end = position + 1
        if quote == "'":
            return Statement(name, written, SINGLE, start, value_start, end, end)
        value, references, unknown = self._substituted(_ESCAPE.sub(_unescape, written), start)
        alone = _REFERENCE.fullmatch(written) is not None
        return Statement(name, value, DOUBLE, start, value_start, end, end, references, unknown, alone)

    def _substituted(self, written: str, start: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        references: dict[str, None] = {}
        unknown: dict[str, None] = {}
        length = len(written)

        def lookup(name: str) -> str | None:
            nonlocal length
            references[name] = None
            value = self.outside(name)
            value = self.values.get(name) if value is None else value
            length += len(value or "")
            if length > _LONGEST:
                what = f"a value stands for more than {_LONGEST >> 10} KiB, which no program can be given"
                raise TemplateError(what)
            return value

        if "$" not in written:
            return written, (), ()
        try:
            value = substitute(written, lookup, unknown.setdefault)
        except TemplateError as error:
            raise self._error(str(error), start) from error
        except RecursionError:
            raise self._error("the names in a value are nested too deeply", start) from None
        return value, tuple(references), tuple(unknown)

    def _line_end(self, position: int) -> int:
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end

    def _error(self, message: str, position: int) -> EnvTextError:
        return EnvTextError(message, self.text.count("\n", 0, position) + 1)


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position


def _unescape(match: re.Match[str]) -> str:
    sequence = match[0]
    if sequence == "\\$":
        # Compose's own way to keep the dollar: it survives the substitution that follows
        return "$$"
    if sequence[1] == "0":
        digits = sequence[2:]
        if re.fullmatch("[0-7]{3}", digits) and int(digits, 8) < 256:
            return chr(int(digits, 8))
        return "\\" + digits
    return _ESCAPED.get(sequence[1], sequence)
