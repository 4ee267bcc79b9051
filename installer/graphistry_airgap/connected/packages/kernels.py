"""Kernel names as `uname -r` prints them: a version, then a flavour."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = (
    # 5.14.0-503.el9.x86_64, 5.14.0-503.11.1.el9_5.x86_64
    re.compile(r"(?P<version>\d[\d.]*-\d[\d.]*)\.(?P<flavour>el\d+)\S*"),
    # 6.12.117+deb13-cloud-amd64, 6.1.0-28-amd64, 6.8.0-45-generic
    re.compile(r"(?P<version>\d[^-]*(?:-\d+)?)-(?P<flavour>[a-z].*)"),
)
_AROUND = 2


def nearest_kernels(wanted: str, known: Iterable[str]) -> list[str]:
    """Up to two older and two newer ones of the same flavour, the oldest first; none for an odd name."""
    version, flavour = _parts(wanted)
    alike = sorted((_parts(name)[0], name) for name in set(known) if flavour and _parts(name)[1] == flavour)
    place = bisect_left(alike, (version, wanted))
    return [name for _, name in alike[max(place - _AROUND, 0) : place + _AROUND]]


def _parts(name: str) -> tuple[list[int], str]:
    match = next(filter(None, (pattern.fullmatch(name) for pattern in _NAMES)), None)
    if match is None:
        return [], ""
    return [int(number) for number in re.findall(r"\d+", match["version"])], match["flavour"]
