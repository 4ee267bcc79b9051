"""Files that other systems put on a medium by themselves: whose they are, and what helps against them.

An extra file is refused, whoever made it; but copying the bundle again would make these again.  Names are
those that Microsoft and Apple document; FAT and exFAT, which media mostly have, do not tell cases apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_OF_A_MEDIUM = (
    "remove it, or copy the bundle into a directory of the medium and install from there: {maker} makes it "
    "at the top of a medium alone"
)
_OF_FINDER = (
    "Finder makes them while it copies: delete them (dot_clean -m on the Mac, or find BUNDLE -name '._*' "
    "-delete, find BUNDLE -name .DS_Store -delete), and copy with ditto --norsrc or rsync"
)
_OF_EXPLORER = "Explorer makes it in directories that it shows: delete it, and leave the medium closed there"
_OF_FSCK = (
    "a file system check has put pieces of damaged files there: copy the bundle again to a sound medium, "
    "into a directory of it"
)
# in small letters
_NAMES = {
    "system volume information": ("Windows", _OF_A_MEDIUM),
    "$recycle.bin": ("Windows", _OF_A_MEDIUM),
    "recycler": ("Windows", _OF_A_MEDIUM),
    "thumbs.db": ("Windows", _OF_EXPLORER),
    "desktop.ini": ("Windows", _OF_EXPLORER),
    ".trashes": ("macOS", _OF_A_MEDIUM),
    ".fseventsd": ("macOS", _OF_A_MEDIUM),
    ".spotlight-v100": ("macOS", _OF_A_MEDIUM),
    ".temporaryitems": ("macOS", _OF_A_MEDIUM),
    ".documentrevisions-v100": ("macOS", _OF_A_MEDIUM),
    ".ds_store": ("macOS", _OF_FINDER),
    "lost+found": ("the file system", _OF_FSCK),
}


@dataclass(frozen=True)
class Junk:
    """`name` stands for all files of one kind, `paths` are these files, sorted."""

    name: str
    maker: str
    hint: str
    paths: tuple[str, ...]


def sort_out(paths: Iterable[str]) -> tuple[list[Junk], list[str]]:
    """Those that another system makes, by kind, and those that nothing explains."""
    kinds: dict[tuple[str, str, str], list[str]] = {}
    unexplained = []
    for path in sorted(paths):
        if kind := _kind(path):
            kinds.setdefault(kind, []).append(path)
        else:
            unexplained.append(path)
    junk = [Junk(*kind, tuple(found)) for kind, found in sorted(kinds.items())]
    return junk, unexplained


def _kind(path: str) -> tuple[str, str, str] | None:
    parts = path.split("/")
    for part in parts:
        if found := _NAMES.get(part.lower()):
            maker, hint = found
            return part, maker, hint.format(maker=maker)
    # resource forks and attributes on a file system that has no place for them
    return ("._*", "macOS", _OF_FINDER) if parts[-1].startswith("._") else None
