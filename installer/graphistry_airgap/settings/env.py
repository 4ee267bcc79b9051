"""`env …`: an env file read and changed by rules, without a host or an installation.

No secret is in any answer but that of `env get`, which the operator asked for by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import AirgapError, FindingsError, HostError, InputError, StageError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.target.envfile import (
    context as env_context,
    disk as env_disk,
    judge as env_judge,
    text as env_text,
)
from graphistry_airgap.target.envfile.schema import EVERY_SERVICE, Schema, file_kind
from graphistry_airgap.target.envfile.syntax import EnvTextError, as_container_sees, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from graphistry_airgap.target.envfile.disk import OnDisk
    from graphistry_airgap.target.envfile.template import Lookup

_KINDS: dict[str, type[AirgapError]] = {
    "env-file-unreadable": InputError,
    "env-file-link": InputError,
    "env-file-changed": StageError,
}


@dataclass(frozen=True)
class EnvFiles:
    """`installed` gives custom.env of the installation; `keep` saves a copy of it before a change."""

    schema: Schema
    installed: Callable[[], Path]
    keep: Callable[[Path], None]

    def get(self, name: str, file: Path | None) -> Result:
        """What containers get: the value of the file that Compose reads last."""
        before = self._load(file)
        context = self._context(before)
        value = context.values.get(name)
        if value is None:
            inherited = any(name == part.name for read in context.files.values() for part in read.statements)
            default = self.schema.default(name)
            near = self.schema.nearest(name, self._kind(before.path)) if default is None else ""
            hint = f"did you mean {near}?" if near else "`env schema` lists the known variables"
            hint = f"its default is {default}" if default else hint
            what = "takes its value from whoever calls Compose" if inherited else "is not set"
            raise InputError(f"{name} {what} in {before.path}", code="name-not-set", hint=hint)
        value = as_container_sees(value)
        data = {"path": str(before.path), "name": name, "value": value}
        place, setter = env_context.place_of(before.path.name), context.setter(name)
        if setter == place:
            return Result(data, [value], answers=True)
        found_in = env_context.paths_beside(before.path)[setter]
        own = name in context.files[place].values
        remark = f"{name} is not set in {before.path}; this is its value in {found_in}"
        if own:
            remark = (
                f"{name} in {before.path} has no effect: this is its value in {found_in}, which is read later"
            )
        return Result({**data, "found_in": str(found_in)}, [value, remark], answers=True)

    def set(self, assignments: list[str], file: Path | None) -> Result:
        wanted = dict(_split(text) for text in assignments)
        before = self._load(file)
        data = before.data
        for name, value in wanted.items():
            change = partial(env_text.set_value, name=name, value=value, lookup=self._lookup(before))
            data = self._edited(before.path, change, data)
        return self._changed(before, data, list(wanted), "set")

    def unset(self, names: list[str], file: Path | None) -> Result:
        before = self._load(file)
        data = before.data
        for name in names:
            change = partial(env_text.unset, name=name, lookup=self._lookup(before))
            data = self._edited(before.path, change, data)
        return self._changed(before, data, names, "unset")

    def validate(self, file: Path | None) -> Result:
        before = self._load(file)
        problems = self._judged(before, before.data)
        counts = {kind: sum(p.severity == kind for p in problems) for kind in ("error", "warning", "info")}
        data = {"path": str(before.path), "problems": [p.as_dict() for p in problems], **counts}
        remarks = [
            text
            for p in problems
            if p.severity != env_judge.ERROR
            for text in _told(f"line {p.line}: {p.severity}: {p.message}", p)
        ]
        if bad := env_judge.errors(problems):
            refused = failed(FindingsError([_as_error(p, before.path) for p in bad]), data)
            return replace(refused, messages=remarks)
        return Result(data, [*remarks, f"{before.path} holds no error."])

    def diff(self, other: Path | None, file: Path | None) -> Result:
        """Every name whose value differs, with both values where they may be shown."""
        here = self._load(file)
        context = self._context(here)
        mine = self._values(here, context)
        found = self._load(other) if other else None
        theirs = self._values(found, self._context(found)) if found else self._defaults(mine, context)
        rows = [
            self._row(name, mine.get(name), theirs.get(name), self._overrider(here, context, name))
            for name in sorted({*mine, *theirs})
            if mine.get(name) != theirs.get(name)
        ]
        data = {"path": str(here.path), "other": str(other) if other else "defaults", "differences": rows}
        lines = [f"from {data['other']} to {here.path}:", *(_line(row) for row in rows)]
        return Result(data, lines if rows else ["No value differs."])

    def known(self, file: Path | None) -> Result:
        kind = self._kind(file) if file else ""
        variables = {
            name: dict(entry)
            for name, entry in self.schema.variables.items()
            if not kind or kind in entry["files"]
        }
        lines = [
            f"{name:<42} {entry['type']:<14} {entry['default'] or '-':<22} {_scope(entry['recreate'])}"
            for name, entry in variables.items()
        ]
        head = f"{'variable':<42} {'type':<14} {'default':<22} made anew after a change"
        count = f"{len(variables)} variables"
        rest = {key: self.schema.raw[key] for key in ("scopes", "renamed", "rules", "releases", "sources")}
        return Result({"variables": variables, "count": len(variables), **rest}, [head, *lines, count])

    def _changed(self, before: OnDisk, data: bytes, names: list[str], verb: str) -> Result:
        """Write, unless the file would hold an error that it did not hold before."""
        remarks = self._new_problems(before, data)
        if bad := env_judge.errors(remarks):
            raise FindingsError([_as_refusal(problem, before.path) for problem in bad])
        changed = data != before.data
        if changed:
            self._save(before, data)
        was, now = (self._own(before, text) for text in (before.data, data))
        mine = [name for name in names if (name in was, was.get(name)) != (name in now, now.get(name))]
        recreate = sorted({service for name in mine for service in self.schema.recreated(name)})
        if EVERY_SERVICE in recreate:
            recreate = [EVERY_SERVICE]
        idle = "was so already" if verb == "set" else "was not set"
        messages = [f"{name} {verb if name in mine else idle}" for name in names]
        for remark in remarks:
            messages += _told(f"{remark.severity}: {remark.message}", remark)
        messages += [f"warning: {text}" for text in self._consequences(before, names, verb)]
        if recreate:
            who = "every service" if recreate == [EVERY_SERVICE] else ", ".join(recreate)
            messages.append(
                f"To apply: run install again; it makes anew those services that read it ({who})."
            )
        result = {"path": str(before.path), "changed": mine, "file_changed": changed, "recreate": recreate}
        return Result(result, messages)

    def _new_problems(self, before: OnDisk, data: bytes) -> list[env_judge.Problem]:
        known = {(p.code, p.name, p.message) for p in self._judged(before, before.data)}
        return [p for p in self._judged(before, data) if (p.code, p.name, p.message) not in known]

    def _consequences(self, before: OnDisk, names: Iterable[str], verb: str) -> list[str]:
        if verb != "unset":
            return []
        ours = env_text.sides(before.data, self._lookup(before)).ours
        return [
            f"{name} stood in the installer's block: the next install puts a new one there"
            + (", and what the old secret protects is lost" if self.schema.is_secret(name) else "")
            for name in names
            if name in ours
        ]

    def _save(self, before: OnDisk, data: bytes) -> None:
        try:
            self.keep(before.path)
            env_disk.save(before, data)
        except env_disk.EnvDiskError as error:
            raise _of_disk(error, before.path) from error

    def _load(self, file: Path | None) -> OnDisk:
        path = file or self.installed()
        try:
            found = env_disk.load(path)
        except env_disk.EnvDiskError as error:
            raise _of_disk(error, path) from error
        if found.state is None:
            raise InputError(
                f"there is no file {path}", code="env-file-missing", hint="name an env file: --file PATH"
            )
        return found

    def _beside(self, found: OnDisk) -> dict[str, bytes]:
        try:
            return env_context.beside(found.path)
        except env_disk.EnvDiskError as error:
            raise _of_disk(error, found.path) from error

    def _lookup(self, found: OnDisk) -> Lookup:
        return env_context.before(env_context.place_of(found.path.name), self._beside(found))

    def _context(self, found: OnDisk) -> env_context.Context:
        """All files of the order together; raises if Compose cannot read one of them."""
        place = env_context.place_of(found.path.name)
        context = env_context.read_context({**self._beside(found), place: found.data})
        for kind in sorted(context.refused, key=lambda kind: kind != place):
            path = found.path if kind == place else env_context.paths_beside(found.path)[kind]
            raise _unreadable(context.refused[kind], path)
        return context

    def _own(self, found: OnDisk, data: bytes) -> dict[str, str | None]:
        return {part.name: part.value for part in read(data, self._lookup(found)).statements}

    def _values(self, found: OnDisk, context: env_context.Context) -> dict[str, str]:
        own = context.files[env_context.place_of(found.path.name)].values
        return {name: as_container_sees(value) for name, value in own.items()}

    def _overrider(self, found: OnDisk, context: env_context.Context, name: str) -> str:
        """The later file that sets a name of this one; empty where there is none."""
        place, setter = env_context.place_of(found.path.name), context.setter(name)
        return setter if name in context.files[place].values and setter != place else ""

    def _edited(self, path: Path, change: Callable[[bytes], bytes], data: bytes) -> bytes:
        try:
            return change(data)
        except EnvTextError as error:
            raise _unreadable(error, path) from error
        except env_text.EditError as error:
            raise InputError(str(error), code="value-unwritable", hint=error.hint) from error

    def _judged(self, before: OnDisk, data: bytes) -> list[env_judge.Problem]:
        place = env_context.place_of(before.path.name)
        return env_judge.judge(data, place, self.schema, self._beside(before))

    def _defaults(self, mine: dict[str, str], context: env_context.Context) -> dict[str, str]:
        """The release's own where `.env` is there, else those of the schema."""
        shipped = context.files.get(env_context.DEFAULTS)
        known = {name: self.schema.default(name) for name in mine} | (shipped.values if shipped else {})
        return {name: value for name in mine if (value := known.get(name)) is not None}

    def _kind(self, path: Path) -> str:
        return file_kind(path.name, self.schema)

    def _row(self, name: str, mine: str | None, theirs: str | None, overrider: str) -> dict[str, Any]:
        change = "removed" if mine is None else "added" if theirs is None else "changed"
        row: dict[str, Any] = {"name": name, "change": change, "secret": self.schema.is_secret(name)}
        if self.schema.may_be_shown(name):
            row |= {"here": mine, "there": theirs}
        if overrider:
            row["overridden_by"] = overrider
        return row


def _told(text: str, problem: env_judge.Problem) -> list[str]:
    words = {"needed": problem.needed, "next": problem.hint}
    return [text, *(f"  {word}: {said}" for word, said in words.items() if said)]


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError("an argument is not of the form KEY=VALUE", code="usage", hint="env set KEY=VALUE …")
    return name, value


def _line(row: dict[str, Any]) -> str:
    note = f" (no effect: {row['overridden_by']} sets it, too)" if "overridden_by" in row else ""
    if "here" not in row:
        return f"{row['name']}: {row['change']} (not shown){note}"
    here, there = (repr(row[side]) if row[side] is not None else "-" for side in ("here", "there"))
    return f"{row['name']}: {there} -> {here}{note}"


def _scope(recreate: str | list[str]) -> str:
    return recreate if isinstance(recreate, str) else " ".join(recreate) or "-"


def _as_error(problem: env_judge.Problem, path: Path) -> AirgapError:
    return InputError(
        f"{path}, line {problem.line}: {problem.message}",
        code=problem.code,
        hint=problem.hint,
        details={"path": str(path), "line": problem.line, "name": problem.name} | _needed(problem),
    )


def _as_refusal(problem: env_judge.Problem, path: Path) -> AirgapError:
    """Of a change that was not made, so that no line of the file holds the problem."""
    return InputError(
        f"{path} stays as it is: {problem.message}",
        code=problem.code,
        hint=problem.hint,
        details={"path": str(path), "name": problem.name} | _needed(problem),
    )


def _needed(problem: env_judge.Problem) -> dict[str, str]:
    return {"needed": problem.needed} if problem.needed else {}


def _unreadable(error: EnvTextError, path: Path) -> AirgapError:
    return InputError(
        f"{path}, line {error.line}: {error}",
        code="env-file-unreadable",
        hint="mend that line; Docker cannot work with it either",
        details={"path": str(path), "line": error.line},
    )


def _of_disk(error: env_disk.EnvDiskError, path: Path) -> AirgapError:
    kind = _KINDS.get(error.code, HostError)
    return kind(str(error), code=error.code, hint=error.hint, details={"path": str(path)})
