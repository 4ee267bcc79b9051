"""YAML documents checked against a JSON Schema, with every finding at once.

Each finding names the path of the key as a person would write it and, for an
unknown key, the nearest known one.  Duplicate keys are errors, not last-one-wins.
"""

from __future__ import annotations

import difflib
import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml
from jsonschema import Draft202012Validator

from graphistry_airgap.domain.errors import FindingsError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema.exceptions import ValidationError

# the largest that people write have some hundred
_MOST_VALUES = 100_000
SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                problem = f"the key {key!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            if isinstance(key, str):
                seen.add(key)
        return super().construct_mapping(node, deep)


def load_schema(name: str) -> dict[str, Any]:
    """A schema of this package, e.g. `spec-v1`."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def read_yaml(path: Path, *, what: str) -> Any:
    """Parse a YAML file; `what` names it in messages (“the spec”, “the site file”)."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
        _check_size(document)
        return document
    except FileNotFoundError:
        raise InputError(
            f"{what} {path} does not exist", code="file-missing", hint="name an existing file"
        ) from None
    except OSError as error:
        raise InputError(
            f"{what} {path} cannot be read: {error.strerror}",
            code="file-unreadable",
            hint="name a file, and check who may read it and the directories above it",
            details={"found": error.strerror, "needed": "a readable file", "path": str(path)},
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} {path} cannot be read: {error}",
            code="file-unreadable",
            hint="it must be a UTF-8 text file",
        ) from None
    # a tag or an anchor can make PyYAML raise what is no YAMLError, a date of no calendar for one
    except (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(
            f"{what} {path} is not valid YAML: {error}", code="yaml-invalid", hint="correct the named line"
        ) from None


def _check_size(document: Any) -> None:
    """A few anchors of anchors are more values than fit into memory once they are looked at one by one."""
    waiting, seen = [document], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise ValueError(f"it stands for more than {_MOST_VALUES} values")
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def load_document(path: Path, schema_name: str, *, what: str) -> dict[str, Any]:
    """Read and validate; raises one `InputError`, or `FindingsError` holding all of them."""
    document = read_yaml(path, what=what)
    findings = schema_findings(document, load_schema(schema_name), file=str(path))
    if len(findings) > 1:
        raise FindingsError(list(findings))
    if findings:
        raise findings[0]
    checked: dict[str, Any] = document
    return checked


def schema_findings(
    document: Any, schema: dict[str, Any], *, file: str, most: int | None = None
) -> list[InputError]:
    """Every place where a document differs from its schema, or the first `most` of them, sorted by path."""
    errors = Draft202012Validator(schema).iter_errors(document)
    findings = islice((finding for error in errors for finding in _explain(error, file)), most)
    return sorted(findings, key=lambda finding: (finding.details["path"], finding.message))


def _explain(error: ValidationError, file: str) -> Iterator[InputError]:
    where, document = list(error.absolute_path), cast("Any", error.instance)
    schema = error.schema if isinstance(error.schema, dict) else {}
    known: dict[str, Any] = schema.get("properties", {})
    if error.validator == "additionalProperties":
        extra = (key for key in document if key not in known)
        yield from (_unknown_key(key, where, sorted(known), file) for key in extra)
    elif error.validator == "required":
        # one error per missing key; only its message says which
        key = error.message.split("'")[1]
        path, needed = _dotted([*where, key]), known.get(key, {}).get("description", "")
        hint = f"add it: {needed}" if needed else "add it"
        yield _finding(f"{path} is missing in {file}", "key-missing", hint, path, file)
    else:
        said = _wrong_value(error, where, schema.get("description", ""), file)
        yield _finding(*said, _dotted(where), file)


def _unknown_key(key: str, where: list[Any], known: list[str], file: str) -> InputError:
    nearest = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known here: {', '.join(known)}"
    path = _dotted([*where, key])
    return _finding(f"{path} is not a known key in {file}", "key-unknown", hint, path, file)


def _wrong_value(error: ValidationError, where: list[Any], needed: str, file: str) -> tuple[str, str, str]:
    rule = {
        "const": f"must be {error.validator_value!r}",
        "enum": f"must be one of {', '.join(map(repr, _items(error.validator_value)))}",
        "type": f"must be of type {error.validator_value}",
        "pattern": f"must match {error.validator_value}",
    }.get(str(error.validator), error.message)
    shown = repr(error.instance)
    found = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return f"{_dotted(where)} is {found} in {file}", "value-invalid", f"{rule}. {needed}".rstrip(" .")


def _finding(message: str, code: str, hint: str, path: str, file: str) -> InputError:
    return InputError(message, code=code, hint=hint, details={"path": path, "file": file})


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _dotted(parts: list[Any]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the document"
