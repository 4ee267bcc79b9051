"""An env file as Docker Compose reads it, edited without touching a byte that is not ours.

The file is split into statements (a quoted value may span lines).  What the
installer owns stands in one marked block; a name that the operator sets outside
the block wins and is never written into the block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

BEGIN = b"# BEGIN graphistry-airgap"
END = b"# END graphistry-airgap"
NOTE = b"# Kept by graphistry-airgap. Lines of your own belong outside this block; they win over it."
BOM = b"\xef\xbb\xbf"
_ASSIGNMENT = re.compile(rb"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*(?:([=:])[ \t]*)?")
_PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+=\-]*")


class EnvTextError(ValueError):
    """The file cannot be read the way Compose reads it; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Statement:
    """Bytes `start` to `end`; a comment or blank line has no name, a bare name has no value."""

    start: int
    end: int
    text: bytes
    name: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Edit:
    data: bytes
    written: list[str] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    overridden: list[str] = field(default_factory=list)


def statements(data: bytes) -> list[Statement]:
    """Split a file; raises `EnvTextError` for a quote that is never closed."""
    found = []
    position = len(BOM) if data.startswith(BOM) else 0
    while position < len(data):
        found.append(_statement(data, position))
        position = found[-1].end
    return found


def values_outside(data: bytes) -> dict[str, str | None]:
    """Name to value of what the operator sets; the last of several lines counts, as in Compose."""
    outside, _ = _sides(data)
    return outside


def edit(
    data: bytes,
    *,
    settings: Mapping[str, str],
    absent: Iterable[str] = (),
    secrets: Mapping[str, Callable[[], str]] | None = None,
) -> Edit:
    """Settings are set, absent names dropped, secrets made where neither side has one.

    Every other name that stands in the block stays, so that several callers can share it.
    """
    outside, block = _sides(data)
    inside = dict(block.values)
    for name in absent:
        inside.pop(name, None)
    inside.update(settings)
    generated = []
    for name, make in (secrets or {}).items():
        if name not in outside and not inside.get(name):
            inside[name] = make()
            generated.append(name)
    overridden = sorted(name for name in inside if name in outside)
    lines = {name: value for name, value in inside.items() if name not in outside}
    if lines == block.values or not (lines or block.found):
        return Edit(data, overridden=overridden)
    written = sorted(name for name in lines if lines[name] != block.values.get(name))
    return Edit(_with_block(data, block, lines), written, generated, overridden)


@dataclass(frozen=True)
class _Block:
    start: int
    end: int
    found: bool
    values: dict[str, str]


def _sides(data: bytes) -> tuple[dict[str, str | None], _Block]:
    parts = statements(data)
    begins = [i for i, part in enumerate(parts) if part.text == BEGIN]
    ends = [i for i, part in enumerate(parts) if part.text == END]
    if not begins and not ends:
        return {p.name: p.value for p in parts if p.name}, _Block(len(data), len(data), False, {})
    if len(begins) != 1 or len(ends) != 1 or begins > ends:
        marker = parts[(begins + ends)[-1]].start
        raise EnvTextError("the marks of the installer's block do not form one pair", _line(data, marker))
    first, last = begins[0], ends[0]
    inside = {p.name: p.value or "" for p in parts[first:last] if p.name}
    outside = {p.name: p.value for p in [*parts[:first], *parts[last + 1 :]] if p.name}
    return outside, _Block(parts[first].start, parts[last].end, True, inside)


def _with_block(data: bytes, block: _Block, lines: Mapping[str, str]) -> bytes:
    first_break = data.find(b"\n")
    newline = b"\r\n" if first_break > 0 and data[first_break - 1 : first_break] == b"\r" else b"\n"
    before, old, after = data[: block.start], data[block.start : block.end], data[block.end :]
    body = newline.join([BEGIN, NOTE, *(_render(name, value) for name, value in lines.items()), END])
    if not block.found and before and not before.endswith(b"\n") and before != BOM:
        body = newline + body
    if not block.found or old.endswith(b"\n"):
        body += newline
    return before + body + after


def _render(name: str, value: str) -> bytes:
    if _PLAIN.fullmatch(value):
        return f"{name}={value}".encode()
    # single quotes are the only form in which Compose changes nothing; it has no escape for one inside
    if "'" in value or "\n" in value or "\r" in value or value.endswith("\\"):
        raise ValueError(f"{name}: a value with a quote, a line break or a final backslash cannot be written")
    return f"{name}='{value}'".encode()


def _statement(data: bytes, start: int) -> Statement:
    newline = data.find(b"\n", start)
    end = len(data) if newline < 0 else newline + 1
    text = data[start:end].strip()
    if not text or text.startswith(b"#"):
        return Statement(start, end, text)
    offset = start + len(data[start:end]) - len(data[start:end].lstrip())
    match = _ASSIGNMENT.match(data, offset, end)
    if match is None:
        raise EnvTextError(f"this is no assignment: {_shown(text)}", _line(data, start))
    name = match[1].decode("ascii")
    rest = match.end()
    if match[2] is None:
        if data[rest:end].strip():
            raise EnvTextError(f"this is no assignment: {_shown(text)}", _line(data, start))
        return Statement(start, end, text, name)
    if data[rest : rest + 1] in (b"'", b'"'):
        return _quoted(data, start, rest, name)
    value = re.split(rb"[ \t]#", data[rest:end], maxsplit=1)[0].strip()
    value = b"" if value.startswith(b"#") else value
    return Statement(start, end, text, name, value.decode("utf-8", "surrogateescape"))


def _quoted(data: bytes, start: int, opening: int, name: str) -> Statement:
    quote = data[opening : opening + 1]
    closing = opening + 1
    while True:
        closing = data.find(quote, closing)
        if closing < 0:
            raise EnvTextError(
                f"the quote that opens the value of {name} is never closed", _line(data, start)
            )
        if data[closing - 1 : closing] != b"\\":
            break
        closing += 1
    newline = data.find(b"\n", closing)
    end = len(data) if newline < 0 else newline + 1
    value = data[opening + 1 : closing].decode("utf-8", "surrogateescape")
    if quote == b'"':
        value = re.sub(r"\\([\"\\$])", r"\1", value)
    return Statement(start, end, data[start:end].strip(), name, value)


def _shown(text: bytes) -> str:
    # the line may hold a secret, so only what stands before any value is repeated
    return repr(re.split(rb"[=:]", text)[0][:20].decode("ascii", "replace"))


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
