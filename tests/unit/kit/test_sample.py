"""Which files run of those that show one subject on several hosts."""

import subprocess
import sys

import pytest

from tests.kit import sample

SEEDS = [str(number) for number in range(200)]


def test_each_file_is_there_and_in_one_group():
    files = [name for group in sample.GROUPS for name in group.files]
    assert len(files) == len(set(files))
    assert [name for name in files if not (sample.FOLDER / f"test_{name}.py").is_file()] == []


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_as_many_of_a_group_run_as_it_says_and_no_other_file_is_left_out(seed):
    runs = sample.chosen(seed)
    for group in sample.GROUPS:
        assert len(runs[group.name]) == group.runs < len(group.files)
        assert set(runs[group.name]) < set(group.files)
    names = {path.stem.removeprefix("test_") for path in sample.left_out(seed)}
    grouped = {name for group in sample.GROUPS for name in group.files}
    assert names == grouped - {name for files in runs.values() for name in files}


def test_two_runs_of_a_seed_choose_alike_and_over_many_every_file_gets_its_turn():
    assert [sample.chosen(seed) for seed in SEEDS] == [sample.chosen(seed) for seed in SEEDS]
    ran = {name for seed in SEEDS for files in sample.chosen(seed).values() for name in files}
    assert ran == {name for group in sample.GROUPS for name in group.files}


@pytest.mark.subprocesses
def test_pytest_is_told_what_to_leave_out_and_the_reader_what_runs(monkeypatch):
    monkeypatch.setenv("AIRGAP_MATRIX_SEED", "7")
    done = subprocess.run(
        [sys.executable, "-m", "tests.kit.sample"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [f"--ignore={path}" for path in sample.left_out("7")]
    for name, files in sample.chosen("7").items():
        assert f"sample 7: {name}: {', '.join(files)}" in done.stderr
