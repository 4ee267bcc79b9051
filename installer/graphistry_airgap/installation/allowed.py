"""Exceptions that `install.sh` has to know of: site file and files beside the keyring must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.hardening.exceptions import ALLOW

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def require_one_answer(named: Collection[str], allowed: Collection[str], site_path: Path) -> None:
    """`named` are the exceptions of the site file, `allowed` are those whose file is there.

    `install.sh`, which reads no site file, goes by the files: where they differ it would do what nobody
    approved, or take back what was.
    """
    for name, file in ALLOW.items():
        if (name in named) == (name in allowed):
            continue
        if name in named:
            raise InputError(
                f"hardening.allow in {site_path} names {name}, and {file}, "
                "which install.sh goes by, does not exist",
                code="allow-missing",
                hint=f"write the file: touch {file}",
                details={"found": "no such file", "needed": file},
            )
        raise InputError(
            f"{file} is there, and hardening.allow in {site_path} does not name {name}",
            code="allow-differs",
            hint=f"where it is approved, write it in the site file: hardening: {{allow: [{name}]}}; "
            f"else withdraw it: rm {file}",
            details={"found": file, "needed": "both or neither"},
        )
