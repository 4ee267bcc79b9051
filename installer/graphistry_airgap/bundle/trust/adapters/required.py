"""How many keys must have signed a bundle on this host: one line beside the keyring, for a shell, too."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    import os
    from pathlib import Path

_NUMBERS = {str(number) for number in range(1, 10)}


def read_required(path: Path = places.REQUIRED) -> int | None:
    """The number, or None on a host without the file; `install.sh` reads it alike.

    A file that others may change is an `InputError`, and so is one that holds something else.
    """
    folder = path.parent
    # whoever may write there can take the file away, and one signer would suffice
    if folder.exists() and _others_write(state := folder.stat()):
        raise _unsafe(f"{folder} must be a directory", state, f"chown root: {folder} && chmod go-w {folder}")
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(state.st_mode):
        raise _unsafe(
            f"{path} must be a file", state, f"rm {path}, and write the number there into a plain file"
        )
    if _others_write(state):
        raise _unsafe(f"{path} must be a file", state, f"chown root: {path} && chmod 644 {path}")
    text = path.read_bytes().decode(errors="replace").rstrip("\n")
    if text not in _NUMBERS:
        raise InputError(
            f"{path} does not hold one line with a number from 1 to 9",
            code="trusted-required-invalid",
            hint=f"write how many keys must have signed: echo N > {path}",
            details={"found": text[:80], "needed": "a number from 1 to 9"},
        )
    return int(text)


def _others_write(state: os.stat_result) -> bool:
    return state.st_uid != 0 or bool(state.st_mode & 0o022)


def _unsafe(what: str, state: os.stat_result, hint: str) -> InputError:
    return InputError(
        f"{what} of root that nobody else may write",
        code="trusted-required-unsafe",
        hint=hint,
        details={
            "found": f"{stat.filemode(state.st_mode)}, owner {state.st_uid}",
            "needed": "root's, and writable by nobody else",
        },
    )
