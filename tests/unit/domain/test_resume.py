"""What is remembered across a reboot reads back as it was; how often a stage may ask for one."""

import json

import pytest
from resume_world import SUMS, pending

from graphistry_airgap.domain.resume import Pending, count_reboot


def test_there_and_back():
    for state in (pending(), pending(keyring=None, mode="automatic", reboots={"driver": 1, "toolkit": 1})):
        assert Pending.from_document(json.loads(json.dumps(state.as_document()))) == state


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"stage": None},
        {"reboots": ["driver"]},
        {"reboots": {"driver": "1"}},
        {"bundle": "x"},
        {"bundle": {"path": "/x"}},
        {"keyring": 1},
    ],
)
def test_what_has_another_shape_is_refused(change):
    with pytest.raises(ValueError, match=r"schema|should be"):
        Pending.from_document(pending().as_document() | change)


@pytest.mark.parametrize("key", ["keyring", "site_sha256", "mode"])
def test_nothing_may_be_missing(key):
    document = pending().as_document()
    del document[key]
    with pytest.raises(ValueError, match=key):
        Pending.from_document(document)


def counted(earlier, boot="boot-2", stage="driver", sums=SUMS):
    return count_reboot(earlier, stage=stage, boot_id=boot, sums=sums)


def test_a_stage_gets_one_reboot():
    assert counted(None) == {"driver": 1}
    assert counted(pending(), boot="boot-1") == {"driver": 1}  # the same wish, not rebooted yet
    assert counted(pending()) is None


def test_another_stage_gets_its_own():
    assert counted(pending(), stage="toolkit") == {"driver": 1, "toolkit": 1}


def test_another_bundle_starts_from_nothing():
    assert counted(pending(), sums="6" * 64) == {"driver": 1}
