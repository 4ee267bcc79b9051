"""The file of changes that no receipt tells of yet."""

import stat

import pytest

from graphistry_airgap.installation.adapters.stages_begun import StagesBegunFile

FIRST, SECOND = {"what": "a", "after": "1"}, {"what": "b", "after": None}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "stages-begun.jsonl"


def test_it_stands_from_the_beginning_to_the_end_for_root_alone(path):
    begun = StagesBegunFile(path)
    assert not begun.there()
    assert begun.begin() == []
    assert begun.there()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    begun.end()
    assert not begun.there()
    begun.end()


def test_what_a_killed_run_changed_is_given_to_the_next_and_kept_for_the_one_after(path):
    killed = StagesBegunFile(path)
    killed.begin()
    killed.add([FIRST])
    killed.add([])
    killed.add([SECOND])
    assert StagesBegunFile(path).begin() == [FIRST, SECOND]
    assert StagesBegunFile(path).begin() == [FIRST, SECOND]


@pytest.mark.parametrize("torn", ['{"what": "b"', '{"what": "b", "after": null}'])
def test_a_line_that_was_not_written_to_its_end_is_left_out(path, torn):
    begun = StagesBegunFile(path)
    begun.begin()
    begun.add([FIRST])
    path.write_text(path.read_text() + torn)
    assert begun.begin() == [FIRST]
    begun.add([SECOND])
    assert begun.begin() == [FIRST, SECOND]


@pytest.mark.parametrize("damage", [b"\0" * 40 + b"\n", b"\xff{\n", b"[1]\n", b"null\n"])
def test_what_a_power_cut_damaged_stops_no_run(path, damage):
    begun = StagesBegunFile(path)
    begun.begin()
    begun.add([FIRST])
    path.write_bytes(path.read_bytes() + damage)
    begun.add([SECOND])
    assert begun.begin() == [FIRST, SECOND]
    assert begun.begin() == [FIRST, SECOND]


def test_an_empty_file_of_an_interrupted_beginning_says_nothing(path):
    path.touch()
    assert StagesBegunFile(path).begin() == []
