"""What is remembered across a reboot reads back as it was; how often a stage may ask for one."""

import json

import pytest

from graphistry_airgap.installation.reboot.pending import Pending, count_reboot
from tests.kit.fakes.resume_world import SUMS, pending


def test_there_and_back():
    for state in (pending(), pending(keyring=None, mode="automatic", reboots={"driver": 1, "toolkit": 1})):
        assert Pending.from_document(json.loads(json.dumps(state.as_document()))) == state


def test_with_an_inventory_it_is_of_a_version_that_older_tools_refuse():
    """They would go on without what it says of the host."""
    state = pending(inventory="/etc/graphistry-airgap/inventory")
    document = json.loads(json.dumps(state.as_document()))
    assert (document["schema"], pending().as_document()["schema"]) == (2, 1)
    assert Pending.from_document(document) == state


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 3}, "schema is 3: must be one of 1, 2"),
        ({"schema": 2}, "inventory is missing"),
        ({"stage": None}, "stage is None: must be of type string"),
        ({"reboots": ["driver"]}, "reboots is .*: must be of type object"),
        ({"reboots": {"driver": "1"}}, "reboots.driver is '1': must be of type integer"),
        ({"bundle": "x"}, "bundle is 'x': must be of type object"),
        ({"bundle": {"path": "/x"}}, "bundle.id is missing"),
        ({"keyring": 1}, "keyring is 1: must be of type"),
    ],
)
def test_what_has_another_shape_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
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
    assert counted(pending(), boot="boot-1") == {"driver": 1}  # the same stage, not rebooted yet
    assert counted(pending()) is None


def test_another_stage_gets_its_own():
    assert counted(pending(), stage="toolkit") == {"driver": 1, "toolkit": 1}


def test_another_bundle_starts_from_nothing():
    assert counted(pending(), sums="6" * 64) == {"driver": 1}
