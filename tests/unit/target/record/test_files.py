"""What an installation keeps on a host while its stages are played, and what of it outlives a kill."""

import json
import stat

import pytest

from graphistry_airgap.target.record.files import Kept, lines

FIRST, SECOND = {"what": "a", "after": "1"}, {"what": "b", "after": None}
LISTING = "ii \tbash\t5.2\n"


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "state/receipt.json", tmp_path / "packages", tmp_path / "state/begun.jsonl")


def add(kept, *changes):
    with kept.stages_begun.open("a") as stream:
        stream.write(lines(changes))


def test_the_marks_stand_from_the_beginning_to_the_end_for_root_alone(kept):
    assert kept.begin(LISTING) == []
    for mark, text in {kept.stages_begun: "", kept.own_list: LISTING}.items():
        assert mark.read_text() == text
        assert stat.S_IMODE(mark.stat().st_mode) == 0o600
    kept.forget()
    assert kept.before() is None
    assert not kept.stages_begun.parent.exists()
    kept.forget()


def test_the_list_of_packages_is_of_before_the_first_change(kept):
    kept.begin(LISTING)
    kept.begin("ii \tbash\t5.3\n")
    assert kept.before() == LISTING


def test_what_install_sh_has_changed_waits_for_a_receipt(kept):
    """A run that is refused is forgotten, and the Python that came before it is not."""
    kept.packages_before.write_text(LISTING)
    kept.begin("ii \tbash\t5.2\nii \tpython3\t3.13\n")
    kept.forget()
    assert kept.before() == LISTING
    kept.write_receipt({}, stamp="1")
    assert kept.before() is None


def test_a_receipt_takes_the_marks_away_and_is_kept_twice(kept):
    kept.begin(LISTING)
    kept.write_receipt({"bundle": {"release": "v1"}}, stamp="1")
    assert json.loads(kept.read_receipt()) == {"bundle": {"release": "v1"}}
    assert kept.history.joinpath("1.json").read_text() == kept.read_receipt()
    assert not kept.stages_begun.exists()
    assert kept.before() is None


def test_what_a_killed_run_changed_is_given_to_the_next_and_kept_for_the_one_after(kept):
    kept.begin(LISTING)
    add(kept, FIRST)
    add(kept)
    add(kept, SECOND)
    assert kept.begin(LISTING) == [FIRST, SECOND]
    assert kept.begin(LISTING) == [FIRST, SECOND]


@pytest.mark.parametrize("torn", ['{"what": "b"', '{"what": "b", "after": null}'])
def test_a_line_that_was_not_written_to_its_end_is_left_out(kept, torn):
    kept.begin(LISTING)
    add(kept, FIRST)
    kept.stages_begun.write_text(kept.stages_begun.read_text() + torn)
    assert kept.begin(LISTING) == [FIRST]
    add(kept, SECOND)
    assert kept.begin(LISTING) == [FIRST, SECOND]


@pytest.mark.parametrize("damage", [b"\0" * 40 + b"\n", b"\xff{\n", b"[1]\n", b"null\n"])
def test_what_a_power_cut_damaged_stops_no_run(kept, damage):
    kept.begin(LISTING)
    add(kept, FIRST)
    kept.stages_begun.write_bytes(kept.stages_begun.read_bytes() + damage)
    add(kept, SECOND)
    assert kept.begin(LISTING) == [FIRST, SECOND]
    assert kept.begin(LISTING) == [FIRST, SECOND]
