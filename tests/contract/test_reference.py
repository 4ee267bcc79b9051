"""The reference pages are the schemas': nothing that may be written in a file is missing there."""

import json
from pathlib import Path

import pytest

from graphistry_airgap.content import PACKAGE

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"
SCHEMAS = {
    "site": "site-v1",
    "bundle-spec": "spec-v1",
    "host-profile": "host-profile-v1",
    "evidence": "evidence-v1",
}


def choices(node):
    """Every list of allowed words, wherever it stands in a schema."""
    if isinstance(node, dict):
        if isinstance(node.get("enum"), list):
            yield node["enum"]
        for value in node.values():
            yield from choices(value)
    elif isinstance(node, list):
        for value in node:
            yield from choices(value)


@pytest.mark.parametrize(("page", "schema"), SCHEMAS.items())
def test_all_values_of_a_choice_stand_in_one_row(page, schema):
    rows = (PAGES / f"{page}.md").read_text(encoding="utf-8").splitlines()
    document = json.loads((PACKAGE / "schemas" / f"{schema}.json").read_text(encoding="utf-8"))
    missing = [
        words
        for words in choices(document)
        if not any(all(f"`{word}`" in row for word in words) for row in rows)
    ]
    assert missing == []
