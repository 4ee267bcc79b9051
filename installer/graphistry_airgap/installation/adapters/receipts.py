"""Receipts on the host: the newest one, and one kept copy per run that changed something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.formats import difference
from graphistry_airgap.target.hardening.exceptions import FAPOLICYD_TRUST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = "receipt-v1"
# beside the receipt: what install.sh must know of the last installation before there is a Python
INSTALLED = "installed"


class ReceiptStore:
    def __init__(self, receipt: Path = places.RECEIPT, history: Path = places.RECEIPTS) -> None:
        self.path = receipt
        self._history = history

    def load(self) -> dict[str, Any] | None:
        """The newest receipt, or None on a host without one."""
        try:
            loaded = json.loads(self.path.read_text(encoding="utf-8"))
            if wrong := difference(loaded, FORMAT):
                raise ValueError(wrong)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                f"the receipt {self.path} cannot be used: {error}",
                code="receipt-unreadable",
                hint=f"the last good copy is under {self._history}: copy it back; without one, move "
                f"{self.path} away, and the next installation of the same release makes it anew",
            ) from error
        checked: dict[str, Any] = loaded
        return checked

    def save(self, receipt: dict[str, Any], *, stamp: str) -> None:
        for folder in (self.path.parent, self._history):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # before the receipt: a run that is killed in between writes both again
        write_atomic(self.path.with_name(INSTALLED), "".join(_lines(receipt)), mode=0o600)
        text = json.dumps(receipt, indent=2, sort_keys=True) + "\n"
        write_atomic(self._history / f"{stamp}.json", text, mode=0o600)
        write_atomic(self.path, text, mode=0o600)
        places.PACKAGES_BEFORE.unlink(missing_ok=True)


def _lines(receipt: dict[str, Any]) -> Iterator[str]:
    """`KEY VALUE`, which a shell reads without a parser of JSON."""
    told = {
        "site": receipt.get("inputs", {}).get("site"),
        "release": receipt.get("bundle", {}).get("release"),
        # the file beside the keyring was there, or the tool had refused the site file
        "allow": FAPOLICYD_TRUST
        if FAPOLICYD_TRUST in receipt.get("site", {}).get("hardening_allow", ())
        else "",
        "data_root": receipt.get("site", {}).get("docker", {}).get("data_root"),
    }
    return (f"{key} {value}\n" for key, value in told.items() if value)
