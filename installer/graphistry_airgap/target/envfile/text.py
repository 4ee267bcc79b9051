"""Edits of an env file that touch no byte but those of the names that are asked for.

What the installer owns stands in one marked block; a name that the operator sets outside
the block wins and is never written into the block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .quote import forms, storable
from .syntax import BOM, INHERITED, Comment, EnvFile, EnvTextError, Statement, encode, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .template import Lookup

BEGIN = "# BEGIN graphistry-airgap"
END = "# END graphistry-airgap"
NOTE = "# Kept by graphistry-airgap. Lines of your own belong outside this block; they win over it."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")


class EditError(ValueError):
    """What was asked for cannot be written; `hint` says what can."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Edit:
    data: bytes
    written: list[str] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    overridden: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sides:
    """The operator's statements, the block's, and where the block lies (None without one)."""

    file: EnvFile
    outside: tuple[Statement, ...]
    inside: tuple[Statement, ...]
    begin: Comment | None
    end: Comment | None

    @property
    def operators(self) -> dict[str, str | None]:
        return {part.name: part.value for part in self.outside}

    @property
    def ours(self) -> dict[str, str | None]:
        return {part.name: part.value for part in self.inside}


def sides(data: bytes, lookup: Lookup | None = None) -> Sides:
    """Who says what; raises `EnvTextError` where Compose cannot read or the marks are no pair.

    `lookup` gives what the files before this one set.
    """
    return sides_of(read(data, lookup))


def sides_of(file: EnvFile) -> Sides:
    """A value without a name passes Compose, but no container: and the end of the file can cut a name off."""
    if nameless := [part for part in file.statements if not part.name]:
        raise EnvTextError("a value stands without a name", file.line(nameless[0].start))
    marks = [part for part in file.parts if isinstance(part, Comment) and _is_mark(file, part)]
    if not marks:
        return Sides(file, file.statements, (), None, None)
    found = [file.text[mark.start : mark.end].strip() for mark in marks]
    if found != [BEGIN, END]:
        raise EnvTextError(
            "the marks of the installer's block do not form one pair", file.line(marks[-1].start)
        )
    begin, end = marks
    inside = tuple(part for part in file.statements if begin.start < part.start < end.start)
    outside = tuple(part for part in file.statements if part not in inside)
    return Sides(file, outside, inside, begin, end)


def edit(
    data: bytes,
    *,
    settings: Mapping[str, str],
    absent: Iterable[str] = (),
    secrets: Mapping[str, Callable[[], str]] | None = None,
    lookup: Lookup | None = None,
) -> Edit:
    """Settings are set, absent names dropped, secrets made where neither side has one.

    Every other name that stands in the block stays, so that several callers can share it.
    """
    now = sides(data, lookup)
    outside, inside = now.operators, now.ours
    wanted = dict(settings)
    generated = []
    for name, make in (secrets or {}).items():
        if name not in outside and not (wanted.get(name) or inside.get(name)):
            wanted[name] = make()
            generated.append(name)
    overridden = sorted(name for name in {*inside, *wanted} if name in outside)
    lines = {name: value for name, value in wanted.items() if name not in outside}
    if lines and now.begin is None:
        data = _with_block(now.file.text)
    for name in inside:
        if name in outside or (name in absent and name not in lines):
            data = _without(data, name, lookup, of_block=True)
    written = sorted(name for name, value in lines.items() if inside.get(name) != value)
    for name, value in lines.items():
        if name in written:
            data = _with_line(data, name, value, lookup)
    return Edit(data, written, generated, overridden)


def set_value(data: bytes, name: str, value: str, lookup: Lookup | None = None) -> bytes:
    """The operator sets a name: the line that counts is edited, and the block no longer holds it."""
    require_settable(name, value)
    now = sides(data, lookup)
    if now.inside and name in now.ours:
        data = _without(data, name, lookup, of_block=True)
        now = sides(data, lookup)
    own = [part for part in now.outside if part.name == name]
    if not own:
        return _inserted(now.file, len(now.file.text), name, value, lookup)
    if own[-1].value == value and not own[-1].references:
        return data
    return _replaced(now.file, own[-1], value, lookup)


def unset(data: bytes, name: str, lookup: Lookup | None = None) -> bytes:
    """Every line of a name goes, since an earlier one would count again."""
    return _without(_without(data, name, lookup, of_block=True), name, lookup, of_block=False)


def require_settable(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        hint = "use letters, digits and underscores, and no digit at the beginning"
        raise EditError(f"{name!r} is no name of a variable", hint)
    if reason := storable(value):
        raise EditError(f"the value of {name} cannot be written: {reason}", "give it as text in UTF-8")


def _is_mark(file: EnvFile, comment: Comment) -> bool:
    before = file.text[file.text.rfind("\n", 0, comment.start) + 1 : comment.start]
    return not before.strip(BOM + " \t") and file.text[comment.start : comment.end].strip() in (BEGIN, END)


def _with_block(text: str) -> bytes:
    newline = _newline(text)
    return encode(_ended(text) + newline.join([BEGIN, NOTE, END]) + newline)


def _with_line(data: bytes, name: str, value: str, lookup: Lookup | None) -> bytes:
    """A name in the block gets a value, on its own line or on a new last one."""
    now = sides(data, lookup)
    own = [part for part in now.inside if part.name == name]
    if own:
        return _replaced(now.file, own[-1], value, lookup)
    if now.end is None:
        raise AssertionError("the block was made before its lines")
    position = now.file.text.rfind("\n", 0, now.end.start) + 1
    return _inserted(now.file, position, name, value, lookup)


def _without(data: bytes, name: str, lookup: Lookup | None, *, of_block: bool) -> bytes:
    now = sides(data, lookup)
    while own := [part for part in (now.inside if of_block else now.outside) if part.name == name]:
        begin, end = _whole_line(now.file.text, own[-1])
        data = encode(now.file.text[:begin] + now.file.text[end:])
        try:
            now = sides(data, lookup)
        except EnvTextError as error:
            hint = f"change the lines that use ${{{name}}} first"
            raise EditError(f"{name} cannot go: another line needs it ({error})", hint) from error
    return data


def _whole_line(text: str, part: Statement) -> tuple[int, int]:
    """The bytes that go with a statement: its lines, unless something else stands on them."""
    line = max(text.rfind("\n", 0, part.start) + 1, 1 if text.startswith(BOM) else 0)
    begin = line if not text[line : part.start].strip() else part.start
    end = part.value_end
    rest_end = text.find("\n", end)
    rest = text[end:] if rest_end < 0 else text[end:rest_end]
    if rest.strip() and not rest.lstrip().startswith("#"):
        return begin, end + len(rest) - len(rest.lstrip())
    if begin != line:
        return begin, end + len(rest.rstrip("\r"))
    return begin, len(text) if rest_end < 0 else rest_end + 1


def _replaced(file: EnvFile, part: Statement, value: str, lookup: Lookup | None) -> bytes:
    text = file.text
    before, after = text[: part.value_start], text[part.value_end :]
    before += "=" if part.form == INHERITED else ""
    texts = (before + form + after for form in forms(value))
    return _first_that_fits(file, part.name, value, texts, lookup)


def _inserted(file: EnvFile, position: int, name: str, value: str, lookup: Lookup | None) -> bytes:
    before, after = file.text[:position], file.text[position:]
    before, newline = _ended(before), _newline(file.text)
    texts = (f"{before}{name}={form}{newline}{after}" for form in forms(value))
    return _first_that_fits(file, name, value, texts, lookup)


def _first_that_fits(
    file: EnvFile, name: str, value: str, texts: Iterable[str], lookup: Lookup | None
) -> bytes:
    """What stands around a value decides how it must be written, so each way is read back."""
    wanted = [(part.name, file.text[part.value_start : part.value_end]) for part in _named(file, but=name)]
    for text in texts:
        data = encode(text)
        try:
            after = read(data, lookup)
        except EnvTextError:
            continue
        others = [(part.name, text[part.value_start : part.value_end]) for part in _named(after, but=name)]
        if after.values.get(name) == value and others == wanted:
            return data
    hint = f"give {name} a line of its own, with nothing beside it, and repeat"
    raise EditError(f"the value of {name} cannot be written without harm to another line", hint)


def _named(file: EnvFile, *, but: str) -> list[Statement]:
    return [part for part in file.statements if part.name != but]


def _ended(text: str) -> str:
    return text if text in ("", BOM) or text.endswith("\n") else text + _newline(text)


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
