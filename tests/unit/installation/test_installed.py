"""What `env` and `gpu` take from an installation."""

import os
from pathlib import Path

import pytest

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.adapters import run_lock
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.installed import Installed


class Receipts:
    def __init__(self, receipt):
        self.receipt = receipt

    def load(self):
        return self.receipt


def installed(receipt):
    return Installed(Receipts(receipt), lambda: True, lambda: None)


def test_release_and_flavour_are_the_receipt_s():
    known = {"bundle": {"release": "v2"}, "gpu": {"cuda": "12"}}
    assert installed(known).release() == ("v2", "12")
    assert installed({**known, "gpu": None}).release() == ("v2", "")
    assert installed(None).release() == ("", "")


def test_without_an_installation_there_is_no_env_file():
    with pytest.raises(InputError) as caught:
        installed(None).env_file()
    assert caught.value.code == "env-file-missing"
    assert "--file" in caught.value.hint


def test_the_env_file_lies_in_the_release():
    receipt = {"site": {"root": "/opt/g"}, "bundle": {"release": "v2"}}
    assert installed(receipt).env_file() == Path("/opt/g/releases/v2/data/config/custom.env")


def test_only_a_file_of_the_installation_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    inside, outside = tmp_path / "g/custom.env", tmp_path / "other.env"
    inside.parent.mkdir()
    for path in (inside, outside):
        path.write_text("A=1\n")
        installed({"site": {"root": str(tmp_path / "g")}}).keep(path)
    assert [path.read_text() for path in (tmp_path / "state").rglob("*.env.*")] == ["A=1\n"]


def test_others_than_root_plan_and_edit_without_the_receipt_of_their_host(tmp_path, monkeypatch):
    """It lies where only root may look."""
    here = Installed(ReceiptFile(tmp_path), run_lock.is_root, run_lock.require_root)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(InputError):
        here.release()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert here.release() == ("", "")
    here.keep(tmp_path / "custom.env")
