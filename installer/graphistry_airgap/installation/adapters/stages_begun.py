"""A file that stands while stages are played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic

if TYPE_CHECKING:
    from pathlib import Path


class StagesBegunFile:
    def __init__(self, path: Path = places.STAGES_BEGUN) -> None:
        self._path = path

    def there(self) -> bool:
        return self._path.exists()

    def put(self) -> None:
        write_atomic(self._path, "", mode=0o600)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
