"""Why nothing more can be written to a file system: the kernel says "no space" for bytes and for inodes."""

from __future__ import annotations

import os
from pathlib import Path

WORDS = "no space left on device"
# free inodes that are as good as none: several programs write at once
_FEW = 64


def reason(path: Path) -> str:
    """What is used up where `path` lies, or will lie, with both numbers."""
    place = next((parent for parent in (path, *path.parents) if parent.exists()), Path("/"))
    state = os.statvfs(place)
    free = state.f_bavail * state.f_frsize
    if state.f_files and state.f_favail < _FEW:
        return (
            f"the inodes of its file system are used up ({state.f_favail} of {state.f_files} are free), and "
            f"{free} bytes are not"
        )
    return f"{free} bytes are free there now"
