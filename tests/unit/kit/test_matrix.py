"""Rows of several tests share one file: each replaces its own and nothing else."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.matrix import merge_rows, not_tried, platform_step


def rows(directory, name="platforms"):
    return {row["case"]: row for row in json.loads((directory / f"{name}.json").read_bytes())}


def test_a_row_replaces_the_one_of_its_case(tmp_path):
    merge_rows("tamper", [{"case": "b", "got": 1}, {"case": "a", "got": 2}], directory=tmp_path)
    merge_rows("tamper", [{"case": "a", "got": 3}], directory=tmp_path)
    assert list(rows(tmp_path, "tamper").values()) == [{"case": "a", "got": 3}, {"case": "b", "got": 1}]


def test_rows_written_at_once_are_all_kept(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: merge_rows("x", [{"case": str(n)}], directory=tmp_path), range(40)))
    assert len(rows(tmp_path, "x")) == 40


def test_a_step_is_timed_and_judged(tmp_path):
    with platform_step("debian-12", "install", stand_in=True, expected=15, directory=tmp_path) as row:
        row.got = 14
        row.seconds = 61.24
    assert rows(tmp_path)["debian-12 install"] == {
        "case": "debian-12 install",
        "platform": "debian-12",
        "step": "install",
        "expected": 15,
        "got": 14,
        "ok": False,
        "stand_in": True,
        "seconds": 61.2,
    }
    with pytest.raises(AssertionError):
        row.require()


def test_a_step_that_breaks_off_is_a_failed_row(tmp_path):
    step = {"stand_in": False, "variant": "containerd", "directory": tmp_path}
    with platform_step("debian-13", "build", expected="built", **step) as row:
        row.got = "built"
    with (
        pytest.raises(OSError, match="no space"),
        platform_step("debian-13", "build", expected="built", **step),
    ):
        raise OSError("no space")
    (row,) = rows(tmp_path).values()
    assert (row["case"], row["ok"], row["got"]) == (
        "debian-13 build containerd",
        False,
        "OSError: no space",
    )


def test_an_unknown_step_is_refused(tmp_path):
    with (
        pytest.raises(ValueError, match="no-such-step"),
        platform_step("debian-13", "no-such-step", stand_in=False, expected=0, directory=tmp_path),
    ):
        pass


def test_a_platform_that_was_not_tried_reads_so(tmp_path):
    not_tried("rhel-9", "no python3.12", directory=tmp_path)
    found = rows(tmp_path)
    assert {row["got"] for row in found.values()} == {"not tried: no python3.12"}
    assert {row["ok"] for row in found.values()} == {None}
    assert "rhel-9 install" in found
