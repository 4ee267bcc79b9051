"""A command on its way to the function that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.installation.adapters import run_lock

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.core.result import Result


def dispatch(arguments: argparse.Namespace, argv: Sequence[str], progress: Progress) -> Result:
    """Run the command that was asked for; `argv` is what its words were read from."""
    name = " ".join(filter(None, (arguments.command, getattr(arguments, "action", None))))
    # a run starts over in its scope, and only there is all of it imported
    _BEGIN.get(name, _as_it_is)(arguments, argv)
    from graphistry_airgap.wiring.commands import COMMANDS  # noqa: PLC0415

    return COMMANDS[name](arguments, argv, progress)


def _as_it_is(_: argparse.Namespace, __: Sequence[str]) -> None:
    """It changes no host."""


def _in_a_scope(_: argparse.Namespace, argv: Sequence[str]) -> None:
    run_lock.require_root()
    run_lock.enter_scope(argv)


def _install(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    if arguments.wait_for_medium:  # it starts a run of its own, once there is one
        run_lock.require_root()
    else:
        _in_a_scope(arguments, argv)


_BEGIN: dict[str, Callable[[argparse.Namespace, Sequence[str]], None]] = {
    "install": _install,
    "plan": _in_a_scope,
    "preflight": _in_a_scope,
}
