"""The judgement over an env file: everything in it that will not do what its author means.

Errors are values with which the product or Docker cannot work; warnings are the rest.
No message holds the value of a secret or of a name that is not known.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from . import context as env_context, gpus as env_gpus, rules as env_rules, values as env_values
from .schema import file_kind
from .secret_values import MAKERS, weakness
from .syntax import PLAIN, EnvFile, EnvTextError, Statement
from .text import sides_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .schema import Schema

ERROR, WARNING, INFO = "error", "warning", "info"
_ORDER = {ERROR: 0, WARNING: 1, INFO: 2}
_PLAIN_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_OF_THE_CALLER = ("HOME", "PWD", "USER", "HOSTNAME")


@dataclass(frozen=True)
class Problem:
    severity: str
    code: str
    message: str
    hint: str
    line: int
    name: str = ""
    needed: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def judge(
    data: bytes, place: str, schema: Schema, beside: Mapping[str, bytes] | None = None
) -> list[Problem]:
    """`place` is which of the release's files this is; `beside` holds the others, by the same names.

    A value is judged as it is when all of them are read. Of another file only this is told, that Compose
    cannot read it, since nothing is then what it seems.
    """
    context = env_context.read_context({**(beside or {}), place: data})
    try:
        if place in context.refused:
            raise context.refused[place]
        file = sides_of(context.files[place]).file
    except EnvTextError as error:
        hint = "mend that line; Docker cannot work with it either"
        return [Problem(ERROR, "env-file-unreadable", str(error), hint, error.line)]
    kind = file_kind(place, schema)
    found = [
        *_of_others(context, place),
        *_duplicates(file),
        *(problem for part in file.statements for problem in _of_statement(part, file)),
        *(problem for part in _counting(file) for problem in _of_value(part, file, kind, schema)),
        *_of_context(file, place, context),
        *_of_rules(file, context.values, schema),
    ]
    return sorted(set(found), key=lambda item: (item.line, _ORDER[item.severity], item.code, item.name))


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == ERROR]


def shown(name: str, value: str, schema: Schema) -> str:
    """A value for people: that of a secret or of an unknown name is told by its length alone."""
    if not schema.may_be_shown(name):
        return f"({len(value)} characters, not shown)"
    return repr(value)


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
    if known is None or (part.unknown and not schema.is_secret(name)):
        return
    severity = WARNING if known.get("soft") else ERROR
    if known["type"] == "secret":
        if reason := weakness(part.value):
            hint = f"give {name} a value of its own, or delete its line and let the installer make one"
            yield Problem(severity, "secret-weak", f"the value of {name} {reason}", hint, line, name)
    elif text := env_values.needed(known, part.value):
        message = f"{name} is {shown(name, part.value, schema)}"
        hint = f"`env set {name}=…` to {text}, or `env unset {name}` for the default"
        yield Problem(severity, "value-invalid", message, hint, line, name, text)


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
        if written.startswith("#"):
            message = f"the value of {name} is not empty: what begins with # is the value, not a comment"
            hint = f"put the comment on its own line, and write {name}= alone"
        yield Problem(WARNING, "comment-in-value", message, hint, line, name)


def _swallowed(part: Statement, line: int, schema: Schema) -> Iterator[Problem]:
    """Names after `$`: where no file sets one nothing comes to stand; in a secret most are not meant."""
    name = part.name
    hint = "put the value in single quotes, or write $$ for one $"
    known_secret = schema.of(name) is not None and schema.is_secret(name)
    made = name in MAKERS and part.references and part.value != "" and not part.is_reference
    if known_secret and (part.unknown or made):
        message = f"a $ in the value of {name} is not kept: Compose puts another value in its place"
        yield Problem(ERROR, "dollar-swallowed", message, hint, line, name)
        return
    if not part.unknown:
        return
    plain = all(_PLAIN_NAME.fullmatch(lost) for lost in part.unknown) and not schema.is_secret(name)
    if not plain and not schema.may_be_shown(name):
        what, them = "a name after $", "it"
    else:
        what = ", ".join(f"${lost}" for lost in part.unknown)
        them = "it" if len(part.unknown) == 1 else "them"
    if set(part.unknown) <= set(_OF_THE_CALLER):
        message = f"{what} in the value of {name} is replaced by what it means to whoever calls ./graphistry"
    else:
        message = f"{what} in the value of {name} is set in no env file: nothing comes to stand in its place"
        hint = f"set {them} in an earlier line or file, write ${{NAME:-default}}, or, if a $ is meant, $$"
    yield Problem(WARNING, "dollar-swallowed", message, hint, line, name)


def _of_others(context: env_context.Context, place: str) -> Iterator[Problem]:
    for other, error in context.refused.items():
        if other != place:
            message = f"{other}, line {error.line}: {error}; Compose then reads none of the files"
            yield Problem(ERROR, "env-file-unreadable", message, f"mend that line of {other}", 1)


def _of_context(file: EnvFile, place: str, context: env_context.Context) -> Iterator[Problem]:
    """What the other files make of this one, and lists of GPUs, which depend on them."""
    for part in _counting(file):
        name, value, line = part.name, part.value, file.line(part.start)
        if value is None:
            continue
        setter = context.setter(name)
        if setter != place:
            if place != env_context.DEFAULTS and context.values[name] != value:
                message = f"{name} has no effect here: {setter} is read later and sets it to something else"
                yield Problem(WARNING, "value-overridden", message, f"change it in {setter}", line, name)
            continue
        if context.interpolated[name] != value:
            message = f"{name} uses a name that is set later: compose files see another value than containers"
            hint = "use only what earlier lines and files set"
            yield Problem(WARNING, "value-of-two-readings", message, hint, line, name)
        if env_gpus.is_list(name) and context.values.get(env_gpus.CPU_MODE) != "1":
            yield from _of_gpus(name, value, line)


def _of_gpus(name: str, value: str, line: int) -> Iterator[Problem]:
    if env_gpus.hides_every_gpu(name, value):
        message = f"{name} is {value!r}, which hides every GPU from the services"
        hint = f"for the default, `env unset {name}`; else name GPUs, such as `env set {name}=0`"
        yield Problem(ERROR, "gpu-none-visible", message, hint, line, name, "at least one GPU")
    elif not env_values.gpu_list(value):
        message = f"{name} is empty, which a release takes for no GPU, or for the GPUs of all services"
        yield Problem(WARNING, "gpu-none-visible", message, f"`env unset {name}`, or name GPUs", line, name)
    if short := env_gpus.abbreviated(value):
        message = f"{', '.join(short)} in {name} begins a UUID: CUDA takes it if only one GPU's begins so"
        hint = "the full UUID is never ambiguous: `nvidia-smi -L`"
        yield Problem(INFO, "gpu-uuid-short", message, hint, line, name)
    if len(found := env_values.gpu_list(value)) == 1 and env_values.is_instance(found[0]):
        message = f"{name} names a MIG instance, which the vendor does not support; nothing else is seen"
        hint = "use whole GPUs, or try your work on it first"
        yield Problem(WARNING, "gpu-mig-instance", message, hint, line, name)


def _of_rules(file: EnvFile, counting: Mapping[str, str], schema: Schema) -> Iterator[Problem]:
    lines = {part.name: file.line(part.start) for part in file.statements}
    facts = env_rules.Facts(schema, file.values, {**file.values, **counting})
    for rule in env_rules.broken(facts):
        yield Problem(rule.severity, rule.code, rule.message, rule.hint, lines.get(rule.name, 1), rule.name)
