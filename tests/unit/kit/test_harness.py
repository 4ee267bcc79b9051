"""What a matrix's committed file must be like, and how a row is compared with what was seen."""

import json

import pytest

from tests.matrices import harness

RUNS = """
def same(**seen):
    return seen
def fails():
    raise RuntimeError("no such host")
RUNS = {"same": same, "fails": fails}
"""
ROW = """
  - case: a/{name}
    kind: k
    source: moby #1
    real: real
    run: same
    with: {seen}
    expected: {expected}
"""


@pytest.fixture
def matrix(tmp_path, monkeypatch):
    """Writes the files of one matrix and reads its rows; rows of attempts go to the same directory."""
    monkeypatch.setattr(harness, "HERE", tmp_path)
    monkeypatch.setattr(harness, "commit", lambda: "abc1234")
    merge = harness.merge_rows
    monkeypatch.setattr(harness, "merge_rows", lambda name, rows: merge(name, rows, directory=tmp_path))
    harness.rows_of.cache_clear()

    def read(text, mutants="[{kind: k, change: c, red: []}]"):
        (tmp_path / "field").mkdir()
        (tmp_path / "field" / "some.py").write_text(RUNS)
        (tmp_path / "field" / "some.yml").write_text(f"mutants: {mutants}\nrows:{text}")
        return harness.rows_of("field")

    yield read
    harness.rows_of.cache_clear()


SEEN = (
    "{exit: 3, codes: [b, a], text: the pool is full, data: {gpus: {count: 2, names: [x]}}, unchanged: true}"
)


@pytest.mark.parametrize(
    ("expected", "ok"),
    [
        ("{exit: 3, codes: [a], says: [pool, full], data: {gpus: {count: 2}}, unchanged: true}", True),
        ("{exit: 0}", False),
        ("{codes: [c]}", False),
        ("{codes: []}", True),
        ("{not_codes: [a]}", False),
        ("{not_codes: [b, a]}", False),
        ("{not_codes: [c]}", True),
        ("{says: [empty]}", False),
        ("{not_says: [full]}", False),
        ("{data: {gpus: {count: 3}}}", False),
        ("{data: {driver: null}}", False),
        ("{unchanged: false}", False),
        ("{packets: 0}", False),
    ],
)
def test_a_row_is_ok_when_all_that_is_expected_was_seen(matrix, tmp_path, expected, ok):
    (row,) = matrix(ROW.format(name="x", seen=SEEN, expected=expected))
    written = harness.attempt(row)
    assert written["ok"] is ok
    assert (written["got"] == written["expected"]) is ok
    assert json.loads((tmp_path / "field.json").read_bytes()) == [written]


def test_a_row_that_was_not_tried_is_never_ok(matrix):
    (row,) = matrix(
        ROW.format(name="x", seen="{exit: 0}", expected="{exit: 0}").replace("real: real", "real: not tried")
    )
    assert harness.attempt(row)["ok"] is False


def test_a_row_that_breaks_off_is_written_as_failed(matrix, tmp_path):
    text = ROW.format(name="x", seen="{}", expected="{exit: 0}").replace("run: same", "run: fails")
    (row,) = matrix(text)
    with pytest.raises(RuntimeError):
        harness.attempt(row)
    (written,) = json.loads((tmp_path / "field.json").read_bytes())
    assert (written["ok"], written["got"]) == (False, "RuntimeError: no such host")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("source: moby #1", ""), "source"),
        (("run: same", "run: other"), "no run `other`"),
        (("real: real", "real: maybe"), "none of its values"),
        (("run: same", "run: same\n    on: host"), "YAML's true"),
        (("kind: k", "kind: l"), "without a mutant: l"),
    ],
)
def test_a_file_that_is_not_as_described_is_refused(matrix, change, says):
    with pytest.raises(harness.MatrixError, match=says):
        matrix(ROW.format(name="x", seen="{}", expected="{}").replace(*change))


def test_a_case_stands_once(matrix):
    with pytest.raises(harness.MatrixError, match="a/x"):
        matrix(ROW.format(name="x", seen="{}", expected="{}") * 2)


def test_a_mutant_names_rows_that_are_there(matrix):
    with pytest.raises(harness.MatrixError, match="a/y"):
        matrix(ROW.format(name="x", seen="{}", expected="{}"), mutants="[{kind: k, change: c, red: [a/y]}]")


def test_the_same_seed_chooses_the_same_rows(matrix):
    rows = matrix("".join(ROW.format(name=number, seen="{}", expected="{}") for number in range(30)))
    first, again = (harness.chosen(rows, sample=7, seed="s") for _ in range(2))
    assert first == again
    assert len({row.case for row in first}) == 7
    assert harness.chosen(rows, sample=7, seed="t") != first
