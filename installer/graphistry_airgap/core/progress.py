"""How a run tells how far it is, whoever listens: a terminal, a log, nobody."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """`wait` comes about once a second while a task takes long, from time to time with `again`, for a log."""

    def stage(self, name: str) -> None: ...
    def task(self, name: str) -> None: ...
    def wait(self, what: str, seconds: float, *, again: bool) -> None: ...
    def stage_done(self, name: str, changed: int, seconds: float, *, failed: bool) -> None: ...
    def note(self, text: str) -> None: ...


class Silent:
    """Nobody listens."""

    def stage(self, name: str) -> None:
        pass

    def task(self, name: str) -> None:
        pass

    def wait(self, what: str, seconds: float, *, again: bool) -> None:
        pass

    def stage_done(self, name: str, changed: int, seconds: float, *, failed: bool) -> None:
        pass

    def note(self, text: str) -> None:
        pass
