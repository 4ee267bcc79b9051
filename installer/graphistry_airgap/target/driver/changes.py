"""What the stage changes about a driver: its modules, what boots without nouveau, the persistence daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..change import Change, compared
from . import dkms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUBJECT = "driver"
MODE = 0o644


def of_image(image: Path) -> list[Change]:
    """One that is to be made anew; by the host's own program, so that its bytes cannot be foretold."""
    return compared(SUBJECT, "file", {str(image): {"stale": True}}, {str(image): {"stale": False}})


def of_unit(unit: str, **state: bool) -> list[Change]:
    """`state` is what has to be true of the unit, as it is now."""
    return compared(SUBJECT, "unit", {unit: state}, {unit: dict.fromkeys(state, True)})


def of_modules(target: dkms.Target, version_of: Callable[[Path], str]) -> list[Change]:
    """Modules on the disk; `version_of` is asked for those alone that are not in order."""
    whole = dkms.whole(target)
    there = dkms.placed(target)
    after = {"version": target.version, "whole": True}
    before: dict[str, Any] = {
        name: after if name in whole else {"version": version_of(path), "whole": False}
        for name, path in there.items()
    }
    return compared(SUBJECT, "module", before, dict.fromkeys(target.names, after), prefix=f"{target.kernel}/")


def of_loaded(subject: str, before: str, after: str) -> list[Change]:
    """The module that the kernel runs, by its version; empty where none is loaded."""
    found, wanted = ({"version": version} if version else None for version in (before, after))
    return compared(subject, "module", {"nvidia": found}, {"nvidia": wanted})
