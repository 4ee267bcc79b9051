"""A receipt is read again as it was written; a damaged one is an error with a next step, never a bug."""

import json

import pytest

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation import receipt
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.recap import Recap
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.target.record.files import Kept


@pytest.fixture
def document():
    bundle = receipt.Provenance(
        "/media/b", "id", "2026-11-20T08:00:00Z", "v1", "0" * 64, (), False, "all bytes", "debian-13", ()
    )
    made = receipt.compose(
        tool="0.1.0",
        site=Site.from_document({"schema": 1, "purpose": "server"}),
        bundle=bundle,
        recap=Recap([], [], []),
        packages=[],
        images=[],
        checks={},
        first_boot=[],
        started="2026-11-20T08:00:00Z",
        finished="2026-11-20T08:00:01Z",
        complete=True,
    )
    return {**made, "inputs": {"site": "/etc/site.yml", "keyring": None}}


@pytest.fixture
def store(tmp_path):
    return ReceiptFile(tmp_path / "receipt.json")


def save(store, document):
    folder = store.path.parent
    Kept(store.path, folder / "packages", folder / "begun").write_receipt(document, stamp="1")


def test_there_and_back(store, document):
    assert store.load() is None
    save(store, document)
    assert store.load() == document
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_that_of_a_host_with_an_inventory(store, document):
    document["inputs"]["inventory"] = "/etc/graphistry-airgap/inventory"
    document["schema"] = receipt.version(document["inputs"])
    save(store, document)
    assert store.load() == document


def spoiled(**changes):
    return lambda document: json.dumps({**document, **changes}).encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b"null",
        lambda _: b"\xff\xfe",
        lambda _: b"[" * 100_000,
        lambda document: json.dumps(document).encode()[:-20],
        lambda document: json.dumps({key: document[key] for key in document if key != "bundle"}).encode(),
        spoiled(bundle=[]),
        spoiled(bundle={"id": "x"}),
        spoiled(site={}),
        spoiled(inputs=["x"]),
        spoiled(complete="yes"),
        # of a tool that comes after this one
        spoiled(schema=2),
    ],
)
def test_a_damaged_one(store, document, spoil):
    store.path.write_bytes(spoil(document))
    with pytest.raises(InputError) as caught:
        store.load()
    assert caught.value.code == "receipt-unreadable"
    assert "receipts: copy it back" in caught.value.hint
    assert f"move {store.path} away" in caught.value.hint
