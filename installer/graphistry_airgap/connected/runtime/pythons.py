"""What whoever builds should know of the Pythons that the hosts of a bundle run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.target.preflight.judges.host import python_lives

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.connected.runtime.interpreter import Interpreter


def python_notes(
    platforms: Iterable[str], interpreters: Mapping[str, Interpreter], *, today: str
) -> list[str]:
    """How long each is mended on that day (`2026-11-30`), and what could not be read of an interpreter."""
    notes = [
        f"For {name}: {one.message} ({one.found}); {one.hint}."
        for name in platforms
        for one in python_lives(PLATFORMS[name].pythons(own=True), today=today)
    ]
    return notes + [
        f"No file of the interpreter for {name} tells which OpenSSL is in it."
        for name, interpreter in interpreters.items()
        if not interpreter.openssl
    ]
