"""YAML that people wrote, read as plain data.  Duplicate keys are errors, not last-one-wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

# the largest that people write have some hundred
_MOST_VALUES = 100_000


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
