"""Progress on stderr: a live line on a terminal, one line a stage otherwise.

A terminal that went away must not end a run, so write errors are swallowed.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from graphistry_airgap.core.progress import Silent
from graphistry_airgap.core.text import printable

if TYPE_CHECKING:
    from rich.status import Status


class Lines(Silent):
    """One line a stage, and one from time to time while something is waited for."""

    def __init__(self) -> None:
        self._stage = ""

    def stage(self, name: str) -> None:
        self._stage = name

    def wait(self, what: str, seconds: float, *, again: bool) -> None:
        if again:
            self.note(f"{self._stage:<14} waiting {seconds:3.0f} s: {what}")

    def stage_done(self, name: str, changed: int, seconds: float, *, failed: bool) -> None:
        state = "FAILED" if failed else f"{changed} changed" if changed else "ok"
        self.note(f"{name:<14} {state:<12} {seconds:6.1f} s")

    def note(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(printable(text) + "\n")
            sys.stderr.flush()


class Live(Lines):
    """The same lines, and below them what is being done now."""

    def __init__(self, *, color: bool) -> None:
        super().__init__()
        self._console = Console(stderr=True, no_color=not color, highlight=False)
        self._status: Status | None = None

    def stage(self, name: str) -> None:
        super().stage(name)
        self._show(name)

    def task(self, name: str) -> None:
        self._show(f"{self._stage}: {name}")

    def wait(self, what: str, seconds: float, *, again: bool) -> None:  # noqa: ARG002
        self._show(f"{self._stage}: {what} ({seconds:.0f} s)")

    def stage_done(self, name: str, changed: int, seconds: float, *, failed: bool) -> None:
        self._hide()
        super().stage_done(name, changed, seconds, failed=failed)

    def note(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._console.print(printable(text), markup=False)

    def _show(self, text: str) -> None:
        with contextlib.suppress(OSError):
            # what a service said may look like rich's markup
            shown = escape(printable(text))
            if self._status is None:
                self._status = self._console.status(shown)
                self._status.start()
            self._status.update(shown)

    def _hide(self) -> None:
        if self._status is not None:
            with contextlib.suppress(OSError):
                self._status.stop()
            self._status = None


def progress_for(*, quiet: bool, as_json: bool, color: bool) -> Silent:
    if quiet:
        return Silent()
    return Live(color=color) if sys.stderr.isatty() and not as_json else Lines()
