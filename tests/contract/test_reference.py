"""The reference pages are the schemas': nothing that may be written in a file is missing there."""

from pathlib import Path

import pytest

from graphistry_airgap.knowledge.formats import load_schema

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"
SCHEMAS = {
    "site": "site-v1",
    "bundle-spec": "spec-v1",
    "host-profile": "host-profile-v1",
    "evidence": "evidence-v1",
    "bundle": "bundle-v1",
    "lock": "lock-v1",
    "plan": "plan-v1",
    "receipt": "receipt-v1",
    "pending-reboot": "pending-v1",
    "verify": "verify-v1",
    "envelope": "envelope-v1",
}
# those that no person writes: a stranger who finds one has nothing but the page
FOUND = ("bundle", "lock", "receipt", "pending-reboot", "verify", "envelope")


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
    missing = [
        words
        for words in choices(load_schema(schema))
        if not any(all(f"`{word}`" in row for word in words) for row in rows)
    ]
    assert missing == []


@pytest.mark.parametrize("page", FOUND)
def test_each_key_is_explained(page):
    rows = [
        line
        for line in (PAGES / f"{page}.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []
