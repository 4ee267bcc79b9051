"""Whether fapolicyd may trust the tool: the site file and the file beside the keyring must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.hardening.exceptions import ALLOW_TRUST, FAPOLICYD_TRUST

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def require_one_answer(named: Collection[str], allowed: bool, site_path: Path) -> None:
    """`named` are the exceptions of the site file, `allowed` is whether the file is there.

    `install.sh`, which reads no site file, goes by the file: where they differ it would have fapolicyd trust
    what nobody approved, or take back what was.
    """
    in_site = FAPOLICYD_TRUST in named
    if in_site == allowed:
        return
    if in_site:
        raise InputError(
            f"hardening.allow in {site_path} names {FAPOLICYD_TRUST}, and {ALLOW_TRUST}, "
            "which install.sh goes by, does not exist",
            code="allow-missing",
            hint=f"write the file: touch {ALLOW_TRUST}",
            details={"found": "no such file", "needed": ALLOW_TRUST},
        )
    raise InputError(
        f"{ALLOW_TRUST} is there, and hardening.allow in {site_path} does not name {FAPOLICYD_TRUST}",
        code="allow-differs",
        hint=f"where it is approved, write it in the site file: hardening: {{allow: [{FAPOLICYD_TRUST}]}}; "
        f"else withdraw it: rm {ALLOW_TRUST}",
        details={"found": ALLOW_TRUST, "needed": "both or neither"},
    )
