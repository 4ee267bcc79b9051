"""The judgement over an env file: everything in it that will not do what its author means.

Errors are values with which the product or Docker cannot work; warnings are the rest.
No message holds the value of a secret or of a name that is not known.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from . import env_rules, env_values
from .env_syntax import PLAIN, EnvFile, EnvTextError, Statement
from .env_text import sides
from .secret_values import weakness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .env_schema import Schema

ERROR, WARNING, INFO = "error", "warning", "info"
_ORDER = {ERROR: 0, WARNING: 1, INFO: 2}
_LONGEST_SHOWN = 40
_OF_THE_CALLER = ("HOME", "PWD", "USER", "HOSTNAME")


@dataclass(frozen=True)
class Problem:
    severity: str
    code: str
    message: str
    hint: str
    line: int
    name: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def judge(
    data: bytes, file: str, schema: Schema, others: Mapping[str, Mapping[str, str]] | None = None
) -> list[Problem]:
    """`file` is the kind of file; `others` are the values of those that lie beside it."""
    try:
        read = sides(data).file
    except EnvTextError as error:
        hint = "mend that line; Docker cannot work with it either"
        return [Problem(ERROR, "env-file-unreadable", str(error), hint, error.line)]
    found = [
        *_duplicates(read),
        *(problem for part in read.statements for problem in _of_statement(part, read)),
        *(problem for part in _counting(read) for problem in _of_value(part, read, file, schema)),
        *_of_rules(read, file, schema, others or {}),
    ]
    return sorted(set(found), key=lambda item: (item.line, _ORDER[item.severity], item.code, item.name))


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == ERROR]


def shown(name: str, value: str, schema: Schema) -> str:
    """A value for people: that of a secret or of an unknown name is told by its length alone."""
    if not schema.may_be_shown(name):
        return f"({len(value)} characters, not shown)"
    return repr(value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…")


def _counting(file: EnvFile) -> list[Statement]:
    return list({part.name: part for part in file.statements}.values())


def _duplicates(file: EnvFile) -> Iterator[Problem]:
    seen: dict[str, list[int]] = {}
    for part in file.statements:
        seen.setdefault(part.name, []).append(file.line(part.start))
    for name, lines in seen.items():
        if len(lines) > 1:
            yield Problem(
                WARNING,
                "name-duplicate",
                f"{name} stands on the lines {', '.join(map(str, lines))}; the last one counts",
                "delete the others",
                lines[-1],
                name,
            )


def _of_statement(part: Statement, file: EnvFile) -> Iterator[Problem]:
    """What is wrong with the way a statement is written, whatever it sets."""
    line = file.line(part.start)
    before = file.text[file.text.rfind("\n", 0, part.start) + 1 : part.start]
    if before.strip("\ufeff \t"):
        hint = "give each variable a line of its own; a comment after a quoted value begins with #"
        message = f"{part.name} stands behind a quoted value and is read as a variable"
        yield Problem(WARNING, "text-after-quote", message, hint, line, part.name)
    if not part.name.isascii() or set(part.name) & set(".-[]"):
        message = f"{part.name!r} is a name that no shell and few programs know"
        yield Problem(WARNING, "name-odd", message, "use letters, digits and underscores", line, part.name)


def _of_value(part: Statement, file: EnvFile, kind: str, schema: Schema) -> Iterator[Problem]:
    """What is wrong with the value that counts for a name."""
    line, name = file.line(part.start), part.name
    yield from _of_name(name, line, kind, schema)
    if part.value is None:
        severity = ERROR if schema.is_secret(name) else WARNING
        message = f"{name} has no value here and takes it from whoever calls Compose"
        yield Problem(severity, "value-inherited", message, f"write {name}=value", line, name)
        return
    yield from _of_text(part, file, line)
    yield from _swallowed(part, line, schema)
    known = schema.of(name)
    if known is None or (part.references and not schema.is_secret(name)):
        return
    severity = WARNING if known.get("soft") else ERROR
    if known["type"] == "secret":
        if reason := weakness(part.value):
            hint = f"give {name} a value of its own, or delete its line and let the installer make one"
            yield Problem(severity, "secret-weak", f"the value of {name} {reason}", hint, line, name)
    elif text := env_values.needed(known, part.value):
        message = f"{name} is {shown(name, part.value, schema)}"
        yield Problem(severity, "value-invalid", message, f"it must be {text}", line, name)


def _of_name(name: str, line: int, kind: str, schema: Schema) -> Iterator[Problem]:
    known = schema.of(name)
    if known is not None:
        if kind not in known["files"]:
            where = " or ".join(known["files"])
            message = f"{name} belongs into {where}"
            yield Problem(WARNING, "name-elsewhere", message, f"move it to {where}", line, name)
        if "removed" in known["releases"]:
            message = f"nothing reads {name} since {known['releases']['removed']}"
            yield Problem(WARNING, "name-removed", message, "delete its line", line, name)
    elif new := schema.renamed.get(name):
        message = f"nothing reads {name}: the variable is called {new}"
        yield Problem(WARNING, "name-renamed", message, f"use {new}", line, name)
    elif near := schema.nearest(name, kind):
        message = f"{name} is not known; did you mean {near}?"
        yield Problem(WARNING, "name-unknown", message, f"use {near}, or leave it", line, name)
    else:
        message = f"{name} is not known; it is passed on as it is"
        yield Problem(INFO, "name-unknown", message, "", line, name)


def _of_text(part: Statement, file: EnvFile, line: int) -> Iterator[Problem]:
    name, value = part.name, part.value or ""
    if "\0" in value:
        message = f"the value of {name} holds a NUL byte, which Docker refuses"
        yield Problem(ERROR, "value-unusable", message, "delete that byte", line, name)
    if any("\udc80" <= char <= "\udcff" for char in value):
        message = f"the value of {name} is not UTF-8; containers get U+FFFD instead of what is not"
        yield Problem(WARNING, "value-not-utf8", message, "save the file as UTF-8", line, name)
    written = file.text[part.value_start : part.value_end]
    if part.form == PLAIN and (written.startswith("#") or "\t#" in written):
        message = f"what follows # belongs to the value of {name}: only a blank before # begins a comment"
        hint = "put the comment on its own line, or quote the value"
        yield Problem(WARNING, "comment-in-value", message, hint, line, name)


def _swallowed(part: Statement, line: int, schema: Schema) -> Iterator[Problem]:
    """Names after `$`: in a secret they are never meant, elsewhere only if something sets them."""
    hint = "put the value in single quotes, or write $$ for one $"
    if not schema.may_be_shown(part.name):
        if part.references and (part.unknown or schema.is_secret(part.name)):
            message = f"a $ in the value of {part.name} is not kept: Compose puts another value in its place"
            yield Problem(ERROR, "dollar-swallowed", message, hint, line, part.name)
    elif part.unknown:
        names = ", ".join(f"${name}" for name in part.unknown)
        known = all(schema.of(name) is not None or name in _OF_THE_CALLER for name in part.unknown)
        message = f"{names} in the value of {part.name} is replaced by what it means elsewhere, or by nothing"
        yield Problem(WARNING if known else ERROR, "dollar-swallowed", message, hint, line, part.name)


def _of_rules(
    file: EnvFile, kind: str, schema: Schema, others: Mapping[str, Mapping[str, str]]
) -> Iterator[Problem]:
    lines = {part.name: file.line(part.start) for part in file.statements}
    facts = env_rules.Facts(schema, kind, file.values, others)
    for rule in env_rules.broken(facts):
        yield Problem(rule.severity, rule.code, rule.message, rule.hint, lines.get(rule.name, 1), rule.name)
