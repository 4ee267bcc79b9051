"""The link that says which of the releases on a host is the one in use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..change import Change
from ..host.files import sync_directory
from .release_tree import SUBJECT, TreeError

if TYPE_CHECKING:
    from pathlib import Path


def change_of(link: Path, dest: Path) -> Change | None:
    """None where it points at `dest` already; a directory or a file in its place is refused."""
    wanted = _target(link, dest)
    before = os.fspath(link.readlink()) if link.is_symlink() else None
    if before is None and os.path.lexists(link):
        raise TreeError(
            f"{link} is to be the link to the release in use, and is no link",
            str(link),
            code="release-link",
            hint="look at what lies there and move it away; then run the same install again",
        )
    return None if before == wanted else Change(SUBJECT, "link", str(link), before, wanted)


def point(link: Path, dest: Path) -> None:
    """By a rename: whoever looks finds the old link or the new one."""
    fresh = link.with_name(f".{link.name}.incoming")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(_target(link, dest))
    fresh.replace(link)
    sync_directory(link.parent)


def _target(link: Path, dest: Path) -> str:
    # relative, so that the directory can be mounted elsewhere
    return os.path.relpath(dest, link.parent)
