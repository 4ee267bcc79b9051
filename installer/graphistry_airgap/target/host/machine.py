"""The machine as the probes see it: a root directory to read and one way to run a program.

Everything is read below `root`, so that a test hands over a tree of files instead
of the real machine.  Nothing here or in the probes writes to it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    # argv and extra environment in; status, stdout and stderr out
    Run = Callable[[Sequence[str], Mapping[str, str]], tuple[int, str, str]]


@dataclass(frozen=True)
class Host:
    run: Run
    root: Path = Path("/")

    @classmethod
    def of_module(cls, run_command: Callable[..., tuple[int, str, str]]) -> Host:
        """The machine that an Ansible module runs on, through its `run_command`."""
        return cls(run=lambda argv, environment: run_command(list(argv), environ_update=dict(environment)))

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """The file's text; None where it is absent or cannot be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def word(self, name: str) -> str:
        return (self.text(name) or "").strip()

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self.path(folder)))  # noqa: PTH208 -- /proc may lose entries while it is read
        except OSError:
            return []

    def json(self, name: str) -> Any:
        """The parsed file, or None where it is absent or not JSON."""
        try:
            return json.loads(self.text(name) or "")
        except ValueError:
            return None

    def processes(self) -> Iterator[tuple[int, str]]:
        """Every process as (pid, short name)."""
        for name in self.names("/proc"):
            if name.isdigit():
                command = self.word(f"/proc/{name}/comm")
                if command:
                    yield int(name), command

    def existing(self, name: str) -> Path:
        """`name` itself or its nearest parent that exists."""
        path = self.path(name)
        while not path.exists() and path not in (self.root, path.parent):
            path = path.parent
        return path
