"""Receipts on the host: the newest one, and one kept copy per run that changed something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphistry_airgap.adapters.files import write_atomic
from graphistry_airgap.domain import places
from graphistry_airgap.domain.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

# what later runs read in it
_SHAPE: dict[str, type] = {
    "schema": int,
    "complete": bool,
    "purpose": str,
    "finished": str,
    "site": dict,
    "bundle": dict,
    "packages": list,
    "inputs": dict,
}
_BUNDLE = ("path", "id", "release", "sums_sha256")


class ReceiptStore:
    def __init__(self, receipt: Path = places.RECEIPT, history: Path = places.RECEIPTS) -> None:
        self.path = receipt
        self._history = history

    def load(self) -> dict[str, Any] | None:
        """The newest receipt, or None on a host without one."""
        try:
            loaded = json.loads(self.path.read_text(encoding="utf-8"))
            if wrong := _misshapen(loaded):
                raise ValueError(wrong)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                f"the receipt {self.path} cannot be used: {error}",
                code="receipt-unreadable",
                hint=f"the last good copy is under {self._history}; copy it back",
            ) from error
        checked: dict[str, Any] = loaded
        return checked

    def save(self, receipt: dict[str, Any], *, stamp: str) -> None:
        for folder in (self.path.parent, self._history):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(receipt, indent=2, sort_keys=True) + "\n"
        write_atomic(self._history / f"{stamp}.json", text, mode=0o600)
        write_atomic(self.path, text, mode=0o600)
        places.PACKAGES_BEFORE.unlink(missing_ok=True)


def _misshapen(document: Any) -> str:
    """What stops later runs from reading it; empty when nothing does."""
    if not isinstance(document, dict):
        return "it is not a JSON object"
    wrong = [key for key, kind in _SHAPE.items() if not isinstance(document.get(key), kind)]
    if not wrong:
        wrong = [f"bundle.{key}" for key in _BUNDLE if not isinstance(document["bundle"].get(key), str)]
        wrong += [] if isinstance(document["site"].get("root"), str) else ["site.root"]
    return f"{', '.join(wrong)} is missing or not what it should be" if wrong else ""
