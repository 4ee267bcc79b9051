"""How many signers a bundle needs: the site file and the file beside the keyring must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def signers_needed(stated: int | None, required: int | None, site_path: Path) -> int:
    """`stated` is the site file's, `required` the file's beside the keyring; 0 where neither asks for any.

    Two numbers that differ are an `InputError`, and so is a site file's without the other: `install.sh`,
    which reads no site file, would have counted by another one.
    """
    if stated is None or stated == required:
        return required or 0
    if required is None:
        raise InputError(
            f"signatures.required in {site_path} is {stated}, and {places.REQUIRED}, "
            "which install.sh counts by, does not exist",
            code="trusted-required-missing",
            hint=f"write the number there: echo {stated} > {places.REQUIRED}",
            details={"found": "no such file", "needed": str(stated)},
        )
    raise InputError(
        f"signatures.required in {site_path} is {stated}, and {places.REQUIRED} says {required}",
        code="trusted-required-differs",
        hint=f"find out which is meant and write it in both: the site file, and echo N > {places.REQUIRED}",
        details={"found": str(required), "needed": str(stated)},
    )
