"""Receipts on the host: the newest one, and one kept copy per run that changed something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphistry_airgap.adapters.files import write_atomic
from graphistry_airgap.domain import places
from graphistry_airgap.domain.errors import StageError

if TYPE_CHECKING:
    from pathlib import Path


class ReceiptStore:
    def __init__(self, receipt: Path = places.RECEIPT, history: Path = places.RECEIPTS) -> None:
        self.path = receipt
        self._history = history

    def load(self) -> dict[str, Any] | None:
        """The newest receipt, or None on a host without one."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            loaded: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise StageError(
                f"the receipt {self.path} is not JSON: {error}",
                code="receipt-unreadable",
                hint=f"the last good copy is under {self._history}; copy it back",
            ) from error
        return loaded

    def save(self, receipt: dict[str, Any], *, stamp: str) -> None:
        for folder in (self.path.parent, self._history):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(receipt, indent=2, sort_keys=True) + "\n"
        write_atomic(self._history / f"{stamp}.json", text, mode=0o600)
        write_atomic(self.path, text, mode=0o600)
        places.PACKAGES_BEFORE.unlink(missing_ok=True)
