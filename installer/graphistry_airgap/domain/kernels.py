"""Kernel names as `uname -r` prints them: a version, then a flavour."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# 6.12.117+deb13-cloud-amd64, 6.1.0-28-amd64, 6.8.0-45-generic
_NAME = re.compile(r"(?P<version>\d[^-]*(?:-\d+)?)-(?P<flavour>[a-z].*)")
_AROUND = 2


def nearest_kernels(wanted: str, known: Iterable[str]) -> list[str]:
    """Up to two older and two newer ones of the same flavour, the oldest first; none for an odd name."""
    version, flavour = _parts(wanted)
    alike = sorted((_parts(name)[0], name) for name in set(known) if flavour and _parts(name)[1] == flavour)
    place = bisect_left(alike, (version, wanted))
    return [name for _, name in alike[max(place - _AROUND, 0) : place + _AROUND]]


def _parts(name: str) -> tuple[list[int], str]:
    match = _NAME.fullmatch(name)
    if match is None:
        return [], ""
    return [int(number) for number in re.findall(r"\d+", match["version"])], match["flavour"]
