"""How many keys must have signed a bundle on this host: one line beside the keyring, for a shell, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters import root_file
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_NUMBERS = {str(number) for number in range(1, 10)}


def read_required(path: Path = places.REQUIRED) -> int | None:
    """The number, or None on a host without the file; `install.sh` reads it alike.

    A file that others may change is an `InputError`, and so is one that holds something else: whoever may
    write in its directory can take it away, and one signer would suffice.
    """
    instead = "write the number there into a plain file"
    if not root_file.is_there(path, unsafe="trusted-required-unsafe", instead=instead):
        return None
    text = path.read_bytes().decode(errors="replace").rstrip("\n")
    if text not in _NUMBERS:
        raise InputError(
            f"{path} does not hold one line with a number from 1 to 9",
            code="trusted-required-invalid",
            hint=f"write how many keys must have signed: echo N > {path}",
            details={"found": text[:80], "needed": "a number from 1 to 9"},
        )
    return int(text)
