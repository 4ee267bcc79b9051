"""What the stage changes about a guest: its driver, what its licence client reads, and the client's unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..change import Change, Mask, compared, diff, file_state, of_file, text_diff
from . import gridd_conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUBJECT = "vgpu"
Told = tuple[list[Change], list[dict[str, str]]]


def of_driver(found: Mapping[str, Any], wanted: Mapping[str, Any], kernel: str) -> list[Change]:
    """A guest driver that is to be installed, by its module for the running kernel."""
    whole = found["module"] and found["whole"] and not found["begun"]
    before = {"version": found["version"], "whole": whole} if found["version"] else None
    after = {"version": wanted["version"], "whole": True}
    return compared(SUBJECT, "module", {f"{kernel}/nvidia": before}, {f"{kernel}/nvidia": after})


def of_conf(path: Path, before: bytes | None, mode: int, after: bytes) -> Told:
    """gridd.conf name by name; others write in it, too, and of their lines nothing is shown."""
    if before == after:
        return [], []
    sides = [gridd_conf.values(text or b"") for text in (before, after)]
    settings = compared(SUBJECT, "setting", *sides, prefix=f"{path}#")
    names = [one.what.rpartition("#")[2] for one in settings]
    shown = ["".join(f"{name}={side[name]}\n" for name in names if name in side) for side in sides]
    diffs = [diff(str(path), *shown)] if settings else []
    if before is not None and settings:
        return settings, diffs
    # lines may go that say nothing: then only the bytes differ
    new = {"mode": f"{mode:04o}"} if before is None else file_state(after, mode)
    file = Change(SUBJECT, "file", str(path), file_state(before, mode), new)
    return [file, *settings], [file.diff(), *diffs]


def of_token(path: Path, found: tuple[bytes | None, int | None], data: bytes, mode: int, mask: Mask) -> Told:
    """The client configuration token is a secret as a whole."""

    def state(content: bytes | None, bits: int | None) -> dict[str, Any] | None:
        if content is None or bits is None:
            return None
        return {
            "mode": f"{bits:04o}",
            "content": mask.of(str(path), content.decode("utf-8", "surrogateescape")),
        }

    changes = compared(SUBJECT, "file", {str(path): state(*found)}, {str(path): state(data, mode)})
    return changes, [one.diff() for one in changes]


def of_drop_in(path: Path, found: tuple[bytes | None, int | None], data: bytes, mode: int) -> Told:
    """Its bytes count; a mode that the operator gave it stays."""
    if found[0] == data:
        return [], []
    changes = of_file(SUBJECT, str(path), found, (data, mode))
    return changes, [text_diff(one, found[0], data) for one in changes]


def of_client(unit: str, before: Mapping[str, bool], restart: Sequence[str]) -> list[Change]:
    """`before` has `enabled` and `active`; `restart` says for what one that runs is restarted."""
    after: dict[str, Any] = {"enabled": True, "active": True}
    if before["active"] and restart:
        after["restarted"] = list(restart)
    return compared(SUBJECT, "unit", {unit: dict(before)}, {unit: after})
