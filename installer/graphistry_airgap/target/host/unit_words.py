"""A unit of systemd that does not do what it should: systemd's words, and what the unit wrote last."""

from __future__ import annotations

from typing import Protocol

from . import refusal


class Run(Protocol):
    """`AnsibleModule.run_command`, as far as it is used."""

    def __call__(self, args: list[str], /) -> tuple[int, str, str]: ...


def journal(run: Run, unit: str, lines: int = 40) -> str:
    command = ["journalctl", "--unit", unit, "--lines", str(lines), "--no-pager", "--output", "cat"]
    return run([*command, "--quiet"])[1].strip()


def told(ours: str, said: str, log: str) -> str:
    """systemd names no cause, so the unit's own lines stand with its words."""
    message = refusal.first(said, ours)
    return f"{message}\nlast lines of its journal:\n{log}" if log else message


def waited_for(run: Run, unit: str) -> str:
    """In which state a unit is whose start takes long, and the last line that it wrote."""
    state = run(["systemctl", "is-active", unit])[1].strip() or "unknown"
    last = journal(run, unit, 1)
    return f'{unit}: {state}; its journal says "{last}"' if last else f"{unit}: {state}"
