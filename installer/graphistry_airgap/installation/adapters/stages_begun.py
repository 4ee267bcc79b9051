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
        """What can be read; a kill or a power cut may have left half a line or none of its bytes."""
        kept = self._path.read_text(encoding="utf-8", errors="replace") if self.there() else ""
        # without the end of its line even one that can be read was not written to its end
        changes = [change for line in kept.split("\n")[:-1] if (change := _read(line)) is not None]
        write_atomic(self._path, _lines(changes), mode=0o600)
        return changes

    def add(self, changes: Iterable[Mapping[str, Any]]) -> None:
        if text := _lines(changes):
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())

    def end(self) -> None:
        self._path.unlink(missing_ok=True)


def _lines(changes: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(change, sort_keys=True)}\n" for change in changes)


def _read(line: str) -> dict[str, Any] | None:
    try:
        change = json.loads(line)
    except ValueError:
        return None
    return change if isinstance(change, dict) else None
