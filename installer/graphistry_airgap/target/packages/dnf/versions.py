"""The order of rpm versions, `[epoch:]version-release`, as rpm itself compares them."""

from __future__ import annotations

import re

_PART = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")


def is_older(left: str, right: str) -> bool:
    return _compare(left, right) < 0


def _compare(left: str, right: str) -> int:
    ours, theirs = _split(left), _split(right)
    if ours[0] != theirs[0]:
        return -1 if ours[0] < theirs[0] else 1
    return _compare_labels(ours[1], theirs[1]) or _compare_labels(ours[2], theirs[2])


def _split(text: str) -> tuple[int, str, str]:
    epoch, colon, rest = text.rpartition(":")
    version, _, release = rest.partition("-")
    return int(epoch) if colon and epoch.isdigit() else 0, version, release


def _compare_labels(left: str, right: str) -> int:
    """`~` sorts before everything, even the end; `^` after the end, before anything else."""
    ours, theirs = _PART.findall(left), _PART.findall(right)
    for index in range(max(len(ours), len(theirs))):
        a = ours[index] if index < len(ours) else ""
        b = theirs[index] if index < len(theirs) else ""
        if a != b and (ranked := _rank(a) - _rank(b)):
            return -1 if ranked < 0 else 1
        if a.isdigit() and int(a) != int(b):
            return -1 if int(a) < int(b) else 1
        if a.isalpha() and a != b:
            return -1 if a < b else 1
    return 0


def _rank(part: str) -> int:
    if part == "~":
        return 0
    if not part:
        return 1
    if part == "^":
        return 2
    return 4 if part.isdigit() else 3
