"""The order of versions, compared with what rpm itself says."""

import itertools
import subprocess

import pytest

from graphistry_airgap.target.packages.dnf.versions import is_older

LABELS = [
    "1.0",
    "1.0~rc1",
    "1.0^git1",
    "1.0^git1~x",
    "1.0.1",
    "1.a",
    "1.10",
    "1.9",
    "1.09",
    "a",
    "1a",
    "2.0b",
]


@pytest.mark.subprocesses
def test_labels_are_ordered_as_rpm_orders_them():
    pairs = list(itertools.product(LABELS, LABELS))
    asked = "".join(f'print(rpm.vercmp("{a}","{b}"), "")' for a, b in pairs)
    said = subprocess.run(["rpm", "--eval", f"%{{lua:{asked}}}"], check=True, capture_output=True, text=True)
    answers = [int(word) for word in said.stdout.split()]
    assert [is_older(f"{a}-1", f"{b}-1") for a, b in pairs] == [answer < 0 for answer in answers]


@pytest.mark.parametrize(
    ("left", "right"),
    [("9-1", "1:1-1"), ("1:1-1", "1:1-2"), ("1-1.el9", "1-1.el9_2"), ("3.11.9-7.el9", "3.11.11-1.el9")],
)
def test_epoch_comes_first_and_the_release_last(left, right):
    assert is_older(left, right)
    assert not is_older(right, left)
    assert not is_older(left, left)
