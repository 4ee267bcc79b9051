"""The formats that this tool reads and writes: one JSON Schema each, and documents checked against them.

Each difference names the path of the key as a person would write it and, for an
unknown key, the nearest known one.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core.adapters.documents import read_yaml
from graphistry_airgap.core.errors import InputError, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from jsonschema.exceptions import ValidationError

SCHEMAS = PACKAGE / "knowledge" / "schemas"
_DEFINITIONS = "#/$defs/"
# of a pattern, where `$` would let a last line end pass
_END = r"(?![\s\S])"


@dataclass(frozen=True)
class Difference:
    """`what` goes on after the path (“is missing”, “is 'x'”); `needed` is what the schema wants there."""

    path: str
    what: str
    code: str
    needed: str
    hint: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}" + (f": {self.needed}" if self.needed else "")


@cache
def load_schema(name: str) -> dict[str, Any]:
    """A schema of this package, e.g. `spec-v1`, with each `$ref` replaced by what it names.

    That says everything in its place, and spares each check the search, which takes longer than the check.
    """
    document = _read(name)
    found: dict[str, Any] = _in_place(document, document)
    return found


def definition(schema: str, name: str) -> dict[str, Any]:
    """One of the parts that a schema defines by name."""
    document = _read(schema)
    found: dict[str, Any] = _in_place(document["$defs"][name], document)
    return found


@cache
def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def _in_place(node: Any, home: dict[str, Any]) -> Any:
    """`home` is the schema that a bare `#/$defs/name` is of; what stands beside a `$ref` wins."""
    if isinstance(node, list):
        return [_in_place(value, home) for value in node]
    if not isinstance(node, dict):
        return node
    own = {key: _in_place(value, home) for key, value in node.items() if key not in ("$ref", "$defs")}
    if "$ref" not in node:
        return own
    file, _, name = node["$ref"].partition(_DEFINITIONS)
    there = _read(file.removesuffix(".json")) if file else home
    return _in_place(there["$defs"][name] if name else there, there) | own


# in a schema, 5.0 is an integer; to code that counts bytes it is not
_Validator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


@cache
def _validator(name: str) -> Draft202012Validator:
    return _Validator(load_schema(name))


def load_document(path: Path, schema: str, *, what: str) -> dict[str, Any]:
    """Read and validate; raises one `InputError`, or `FindingsError` holding all of them."""
    document = read_yaml(path, what=what)
    require(document, schema, file=str(path))
    checked: dict[str, Any] = document
    return checked


def require(document: Any, schema: str, *, file: str, most: int | None = None) -> None:
    """Raises what `load_document` does, for the first `most` differences."""
    raise_all(
        [
            InputError(
                f"{one.path} {one.what} in {file}",
                code=one.code,
                hint=one.hint,
                details={"path": one.path, "file": file},
            )
            for one in differences(document, schema, most=most)
        ]
    )


def difference(document: Any, schema: str) -> str:
    """The first place where a document that a program wrote differs from its schema; empty without one."""
    return "".join(map(str, differences(document, schema, most=1)))


def differences(document: Any, schema: str, *, most: int | None = None) -> list[Difference]:
    """Every place where a document differs from its schema, or the first `most` of them, sorted by path."""
    errors = _validator(schema).iter_errors(document)
    try:
        found = list(islice((one for error in errors for one in _explain(error)), most))
    except RecursionError:
        # jsonschema quotes what is wrong, and Python cannot print what it could just read
        return [Difference("the document", "is nested too deeply", "value-invalid", "", "make it anew")]
    return sorted(found, key=lambda one: (one.path, one.what))


def _explain(error: ValidationError) -> Iterator[Difference]:
    where, document = list(error.absolute_path), cast("Any", error.instance)
    schema = error.schema if isinstance(error.schema, dict) else {}
    known: dict[str, Any] = schema.get("properties", {})
    if error.validator == "additionalProperties":
        yield from (_unknown_key(key, where, sorted(known)) for key in document if key not in known)
    elif error.validator == "required":
        # one error per missing key; only its message says which
        key = error.message.split("'")[1]
        needed = known.get(key, {}).get("description", "")
        hint = f"add it: {needed}" if needed else "add it"
        yield Difference(_dotted([*where, key]), "is missing", "key-missing", needed, hint)
    elif "propertyNames" in error.absolute_schema_path:
        needed = _needed(error, schema.get("description", ""))
        yield Difference(_dotted(where), f"has the key {_shown(document)}", "key-unknown", needed, needed)
    else:
        needed = _needed(error, schema.get("description", "") if where else "")
        yield Difference(_dotted(where), f"is {_shown(document)}", "value-invalid", needed, needed)


def _unknown_key(key: str, where: list[Any], known: list[str]) -> Difference:
    nearest = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known here: {', '.join(known)}"
    return Difference(_dotted([*where, key]), "is not a known key", "key-unknown", "", hint)


def _needed(error: ValidationError, described: str) -> str:
    rule = {
        "const": f"must be {error.validator_value!r}",
        "enum": f"must be one of {', '.join(map(repr, _items(error.validator_value)))}",
        "type": f"must be of type {' or '.join(map(str, _items(error.validator_value)))}",
        "pattern": f"must match {str(error.validator_value).replace(_END, '$')}",
        "anyOf": "must be of one of the forms that are allowed here",
    }.get(str(error.validator), error.message)
    return f"{rule}. {described}".rstrip(" .")


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _dotted(parts: list[Any]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the document"
