"""The state across a reboot on disk: for root only, whole or not there, and readable again."""

import json

import pytest

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.adapters.resume_state import ResumeStateFile
from tests.kit.fakes.resume_world import pending


@pytest.fixture
def states(tmp_path):
    return ResumeStateFile(tmp_path / "state" / "resume.json")


def test_there_and_back(states):
    assert states.load() is None
    states.save(pending())
    assert states.load() == pending()
    assert states.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in states.path.parent.iterdir()] == ["resume.json"]
    states.forget()
    assert states.load() is None
    states.forget()


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, json.dumps(pending().as_document()).encode()[:-9]]
)
def test_a_damaged_one_has_a_next_step(states, raw):
    states.save(pending())
    states.path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        states.load()
    assert caught.value.code == "resume-unreadable"
    assert "without --resume" in caught.value.hint
