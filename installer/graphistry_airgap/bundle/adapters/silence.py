"""Reads of a medium that may never come back: a share whose server is gone blocks whoever asks it.

Each call runs in a thread of its own, which no end of the program waits for.  It tells whenever it has got
something; while it gets nothing, somebody is told what is waited for, and in the end the wait is given up.
Package managers and Ansible's modules read the medium themselves: beside them its file system is asked for a
sign of life, and silence is told.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from graphistry_airgap.core.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    # called whenever something has arrived
    Beat = Callable[[], None]

T = TypeVar("T")
# seconds: a disk that spins up and a drive that reads a bad sector again take less
SAY_AFTER = 30.0
GIVE_UP_AFTER = 300.0
ASK_EVERY = 10.0
_LOOK = 1.0


class Watchdog:
    """Watches the reads of one medium; once it has given up on one, all others end at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._silent_at = ""

    def call(self, name: str, work: Callable[[Beat], T]) -> T:
        """What `work` returns or raises; `name` is the file that is read."""
        if self._silent_at:
            raise stalled(self._silent_at)
        run = _Run(work)
        for silence in run.silences(name, self._say):
            if silence > GIVE_UP_AFTER or self._silent_at:
                self._silent_at = self._silent_at or name
                raise stalled(self._silent_at)
        return run.outcome()


@contextmanager
def silence_reported(medium: Path, say: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, its user is told when the file system of `medium` does not answer."""
    over = threading.Event()
    threading.Thread(target=_listen, args=(medium, say, over), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _listen(medium: Path, say: Callable[[str], None], over: threading.Event) -> None:
    while not over.wait(min(ASK_EVERY, SAY_AFTER)):
        # a share's client asks the server for this each time, while what was read once may come out of memory
        question = _Run(lambda _: os.statvfs(medium))
        for _ in question.silences(str(medium), say):
            if over.is_set():
                return


class _Run(Generic[T]):
    def __init__(self, work: Callable[[Beat], T]) -> None:
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.heard = time.monotonic()
        self.ended = threading.Event()
        threading.Thread(target=self._go, daemon=True).start()

    def _go(self) -> None:
        try:
            self._result.append(self._work(self._beat))
        except BaseException as error:
            self._error = error
        self.ended.set()

    def _beat(self) -> None:
        self.heard = time.monotonic()

    def silences(self, name: str, say: Callable[[str], None]) -> Iterator[float]:
        """Seconds without a sign of life, each second until the end; `say` is told when it goes on."""
        told = 0
        while not self.ended.wait(min(_LOOK, SAY_AFTER)):
            silence = time.monotonic() - self.heard
            yield silence
            if silence // SAY_AFTER > told:
                say(f"waiting for the medium: {name} has not answered for {silence:.0f} s")
            told = int(silence // SAY_AFTER)

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result[0]


def stalled(name: str) -> BundleError:
    silence = f"no byte in {GIVE_UP_AFTER:.0f} s"
    return BundleError(
        f"the medium does not answer, {silence}: {name} cannot be read to its end",
        code="medium-stalled",
        hint="a share whose server is gone, or a drive that fails? mount it anew, or bring another medium",
        details={"path": name, "found": silence, "needed": "a medium that answers"},
    )
