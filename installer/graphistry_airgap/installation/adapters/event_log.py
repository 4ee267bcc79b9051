"""The log of one run: one JSON object a line, under the tool's state directory."""

from __future__ import annotations

import contextlib
import json
import os
import resource
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEPT_LOGS = 50


def peak_memory() -> dict[str, int]:
    """Largest resident set in MiB: of this process, and of any process that it waited for (Ansible's too)."""
    own, children = (
        resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"tool": own, "children": children}


@contextlib.contextmanager
def event_log(folder: Path, command: str) -> Iterator[tuple[Path, Callable[[dict[str, Any]], None]]]:
    """Open `<time>-<command>.jsonl` (0600) and yield its path and the function that appends to it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{command}.jsonl"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", buffering=1) as stream:

        def append(entry: dict[str, Any]) -> None:
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
            stream.write(json.dumps({"time": stamp, **entry}, sort_keys=True) + "\n")

        yield path, append
        append({"event": "end", "peak_memory_mib": peak_memory()})
    for old in sorted(folder.glob("*.jsonl"))[:-KEPT_LOGS]:
        old.unlink()
