"""Reads of a medium that may never come back: a share whose server is gone blocks whoever asks it.

Each call runs in a thread of its own, which no end of the program waits for.  It tells whenever it has got
something; while it gets nothing, somebody is told what is waited for, and in the end the wait is given up.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from graphistry_airgap.domain.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

    # called whenever something has arrived
    Beat = Callable[[], None]

T = TypeVar("T")
# seconds: a disk that spins up and a drive that reads a bad sector again take less
SAY_AFTER = 30.0
GIVE_UP_AFTER = 300.0
_LOOK = 1.0


class Attendant:
    """Watches the reads of one medium; once it has given up on one, all others end at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._silent_at = ""

    def call(self, name: str, work: Callable[[Beat], T]) -> T:
        """What `work` returns or raises; `name` is the file that is read."""
        if self._silent_at:
            raise stalled(self._silent_at)
        run = _Run(work)
        told = 0
        while not run.ended.wait(min(_LOOK, SAY_AFTER)):
            silence = time.monotonic() - run.heard
            if silence > GIVE_UP_AFTER or self._silent_at:
                self._silent_at = self._silent_at or name
                raise stalled(self._silent_at)
            if silence // SAY_AFTER > told:
                self._say(f"waiting for the medium: {name} has not answered for {silence:.0f} s")
            told = int(silence // SAY_AFTER)
        return run.outcome()


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
