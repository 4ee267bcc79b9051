"""Facts that `install.sh` reads, too: a file of root's for each; one that others may change says nothing."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


def is_there(path: Path, *, unsafe: str, instead: str) -> bool:
    """Whether the file is there; raises `InputError` where somebody else may change it, or take it away.

    `unsafe` is the code of that error, `instead` what to do in the place of something that is no file.
    """
    folder = path.parent
    if folder.exists() and _others_write(state := folder.stat()):
        what, hint = f"{folder} must be a directory", f"chown root: {folder} && chmod go-w {folder}"
        raise _unsafe(what, state, hint, unsafe)
    try:
        state = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(state.st_mode):
        raise _unsafe(f"{path} must be a file", state, f"rm {path}, and {instead}", unsafe)
    if _others_write(state):
        raise _unsafe(f"{path} must be a file", state, f"chown root: {path} && chmod 644 {path}", unsafe)
    return True


def those_there(files: Mapping[str, str], *, unsafe: str, instead: str) -> list[str]:
    """Of names with a file each those whose file is there; raises as `is_there` does."""
    return [name for name, file in files.items() if is_there(Path(file), unsafe=unsafe, instead=instead)]


def _others_write(state: os.stat_result) -> bool:
    return state.st_uid != 0 or bool(state.st_mode & 0o022)


def _unsafe(what: str, state: os.stat_result, hint: str, code: str) -> InputError:
    return InputError(
        f"{what} of root that nobody else may write",
        code=code,
        hint=hint,
        details={
            "found": f"{stat.filemode(state.st_mode)}, owner {state.st_uid}",
            "needed": "root's, and writable by nobody else",
        },
    )
