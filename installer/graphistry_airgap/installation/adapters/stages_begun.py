"""A file that stands while stages are played, with a line for each change that they made."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class StagesBegunFile:
    def __init__(self, path: Path = places.STAGES_BEGUN) -> None:
        self._path = path

    def there(self) -> bool:
        return self._path.exists()

    def begin(self) -> list[dict[str, Any]]:
        """A run that was killed may have left half a line at the end: it is taken away."""
        lines = self._path.read_text(encoding="utf-8").split("\n")[:-1] if self.there() else []
        write_atomic(self._path, "".join(f"{line}\n" for line in lines), mode=0o600)
        return [json.loads(line) for line in lines]

    def add(self, changes: Iterable[Mapping[str, Any]]) -> None:
        if text := "".join(f"{json.dumps(change, sort_keys=True)}\n" for change in changes):
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())

    def end(self) -> None:
        self._path.unlink(missing_ok=True)
