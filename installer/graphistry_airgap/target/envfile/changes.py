"""What an edit changes in an env file: its mode, and the names of the installer's block.

Lines of the operator never change and are never shown, whatever they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..change import GENERATED, Change, Mask, compared, diff
from .schema import Schema
from .text import Edit, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .disk import OnDisk
    from .template import Lookup

SUBJECT = "configuration"
# a name of which nothing more is known is judged by itself
_NAMES = Schema({})
# a line that is a name alone passes on what the shell has
_INHERITED = {"inherited": True}


def mode_after(before: OnDisk, wanted: int) -> int:
    """A mode that gives away less than the wanted one is the operator's choice."""
    return wanted if before.mode is None or before.mode & ~wanted else before.mode


def of_edit(
    before: OnDisk,
    edit: Edit,
    *,
    mode: int,
    secrets: Collection[str],
    mask: Mask,
    lookup: Lookup | None = None,
) -> tuple[list[Change], list[dict[str, str]]]:
    """The changes, and the diffs that show them: the block whole, once."""

    def block(data: bytes, value_of: Callable[[str, str | None], Any]) -> dict[str, Any]:
        return {name: value_of(name, value) for name, value in sides(data, lookup).ours.items()}

    def shown(name: str, value: str | None) -> Any:
        if value is None:
            return _INHERITED
        return mask.of(name, value) if name in secrets or _NAMES.is_secret(name) else value

    def made(name: str, value: str | None) -> Any:
        return GENERATED if name in edit.generated else shown(name, value)

    path = str(before.path)
    modes = [None if value is None else {"mode": f"{value:04o}"} for value in (before.mode, mode)]
    of_mode = compared(SUBJECT, "file", {path: modes[0]}, {path: modes[1]})
    old, new = block(before.data, shown), block(edit.data, made)
    settings = compared(SUBJECT, "setting", old, new, prefix=f"{path}#")
    diffs = [one.diff() for one in of_mode]
    if settings:
        diffs.append(diff(path, _lines(old), _lines(new)))
    return [*of_mode, *settings], diffs


def _lines(block: dict[str, Any]) -> str:
    return "".join(f"{name}={_shown(value)}\n" for name, value in block.items())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value == _INHERITED else f"<secret {value['secret']}>"
