"""Formats: each schema is one, and reads what version 0.1.0 wrote (`tests/data/formats`, never made anew)."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphistry_airgap.bundle.lock import Item, Lock
from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.adapters.resume_state import ResumeStateFile
from graphistry_airgap.knowledge.formats import SCHEMAS, difference, load_schema
from tests.kit.strict_schemas import strict

OLD = Path(__file__).resolve().parents[1] / "data" / "formats"
NAMES = sorted(path.stem for path in SCHEMAS.glob("*.json"))
WRITTEN = {
    "receipt.json": "receipt-v1",
    "resume.json": "pending-v1",
    "lock.json": "lock-v1",
    "bundle-debian-13.json": "bundle-v1",
    "bundle-rhel-9.json": "bundle-v1",
}


def old(name):
    return json.loads((OLD / name).read_text(encoding="utf-8"))


def nodes(value):
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(name):
    Draft202012Validator.check_schema(load_schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_pattern_lets_a_last_line_end_pass(name):
    """`$` stands before one in Python's regular expressions; a lookahead means the same to every reader."""
    patterns = [node["pattern"] for node in nodes(load_schema(name)) if isinstance(node.get("pattern"), str)]
    for pattern in patterns:
        assert not re.search(r"(?<!\\)\$", pattern), pattern


def test_the_receipt_of_an_older_run_is_read():
    assert ReceiptFile(OLD / "receipt.json").load() == old("receipt.json")


def test_what_an_older_run_remembered_over_a_reboot_is_read():
    pending = ResumeStateFile(OLD / "resume.json").load()
    assert pending.as_document() == old("resume.json")


@pytest.mark.parametrize("platform", ["debian-13", "rhel-9"])
def test_an_older_bundle_is_read(platform):
    bundle = parse_bundle((OLD / f"bundle-{platform}.json").read_bytes())
    assert (bundle.release.version, list(bundle.platforms)) == ("v2.50.1", [platform])


def test_the_lock_of_an_older_bundle_still_says_its_id():
    document = old("lock.json")
    lock = Lock(document["created"], tuple(Item(**item) for item in document["items"]))
    assert difference(document, "lock-v1") == ""
    assert lock.bundle_id == old("bundle-debian-13.json")["id"]


@pytest.mark.parametrize(("document", "schema"), WRITTEN.items())
def test_a_schema_describes_all_that_an_older_version_wrote(document, schema):
    assert [error.message for error in strict(schema).iter_errors(old(document))] == []


@pytest.mark.parametrize(("document", "schema"), WRITTEN.items())
def test_a_key_of_a_later_version_is_ignored(document, schema):
    assert difference(old(document) | {"later": 1}, schema) == ""


def test_a_document_that_cannot_be_printed_is_a_difference_and_no_bug():
    deep = json.loads("[" * 900 + "]" * 900)
    assert difference({**old("resume.json"), "site": deep}, "pending-v1")
