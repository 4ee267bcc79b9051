"""Schemas for what we write ourselves: readers take keys that they do not know, writers write none."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from graphistry_airgap.knowledge.formats import load_schema


@cache
def strict(name: str) -> Draft202012Validator:
    """Refuses each key that the schema does not describe, except where it says that there are more."""
    return Draft202012Validator(_closed(load_schema(name)))


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(value) for value in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    # what an `if` or a `then` says of some keys is no description of the whole
    whole = "properties" in node and "object" in node.get("type", ())
    return {"additionalProperties": False, **closed} if whole else closed
