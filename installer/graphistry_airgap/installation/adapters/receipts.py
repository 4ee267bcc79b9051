"""The receipt of the machine that the tool runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.installation.receipt import parse_receipt, unusable
from graphistry_airgap.target.record.files import Kept

if TYPE_CHECKING:
    from pathlib import Path


class ReceiptFile:
    def __init__(self, path: Path = places.RECEIPT) -> None:
        self.path = path

    def load(self) -> dict[str, Any] | None:
        """The newest receipt, or None on a host without one."""
        try:
            text = Kept(self.path, places.PACKAGES_BEFORE, places.STAGES_BEGUN).read_receipt()
        except OSError as error:
            raise unusable(str(error), self.path) from error
        return None if text is None else parse_receipt(text, self.path)
