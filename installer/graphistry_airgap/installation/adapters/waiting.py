"""A task that takes long, told from its tenth second on with what it waits for."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graphistry_airgap.core.progress import Progress

# seconds: from when on a task is told as a wait, and how often where nobody watches a terminal
_FROM, _AGAIN = 10.0, 30.0
_PAUSE = 1.0


@dataclass
class Waiting:
    """`place` is the file in which a task says what it waits for (`target/host/waits.py`)."""

    progress: Progress
    place: Path | None = None
    clock: Callable[[], float] = time.monotonic
    task: str = ""
    begun: float = 0.0
    told: float = 0.0

    def begin(self, task: str) -> None:
        """Empty for none that is to be told."""
        self.task, self.begun, self.told = task, self.clock(), 0.0
        if self.place:
            self.place.unlink(missing_ok=True)

    def look(self) -> dict[str, Any] | None:
        """To be called about once a second; what a log is to have of it, now and then."""
        seconds = self.clock() - self.begun
        if not self.task or seconds < _FROM:
            return None
        again = not self.told or seconds - self.told >= _AGAIN
        what = self._waited_for() or self.task
        self.progress.wait(what, seconds, again=again)
        if not again:
            return None
        self.told = seconds
        return {"task": self.task, "for": what, "seconds": round(seconds)}

    def _waited_for(self) -> str:
        try:
            return self.place.read_text(encoding="utf-8", errors="replace").strip() if self.place else ""
        except OSError:
            return ""


@contextmanager
def watched(waiting: Waiting, task: str) -> Iterator[None]:
    """Beside a program that is waited for and tells nothing itself."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(_PAUSE):
            waiting.look()

    waiting.begin(task)
    watch = threading.Thread(target=repeat, daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        waiting.begin("")
