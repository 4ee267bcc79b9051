"""Entry point, and the only place that turns errors into exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from graphistry_airgap.cli.parser import build_parser
from graphistry_airgap.cli.render import render
from graphistry_airgap.core.errors import AirgapError, ExitCode, HostError
from graphistry_airgap.core.result import Result, failed

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class _BugError(AirgapError):
    exit_code = ExitCode.BUG


class _InterruptedError(AirgapError):
    exit_code = ExitCode.INTERRUPTED


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    _open_standard_streams()
    given = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in given
    command = next((word for word in given if not word.startswith("-")), "")
    # a dropped terminal must not end a run half-way
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        arguments = build_parser().parse_args(given)
        command = " ".join(filter(None, (arguments.command, getattr(arguments, "action", None))))
        # `--help` and usage errors must work where Ansible or a schema library is broken
        from graphistry_airgap.cli.progress import progress_for  # noqa: PLC0415
        from graphistry_airgap.wiring.dispatch import dispatch  # noqa: PLC0415

        progress = progress_for(quiet=arguments.quiet, as_json=arguments.json, color=not arguments.no_color)
        result = dispatch(arguments, given, progress)
    except AirgapError as error:
        result = failed(error)
    except KeyboardInterrupt:
        result = failed(
            _InterruptedError(
                "interrupted",
                code="interrupted",
                hint="run the same command again: it goes on and repeats nothing that is done",
            )
        )
    except OSError as error:
        if error.errno not in _NO_ROOM:
            traceback.print_exc(file=sys.stderr)
            result = _bug(error)
        else:
            result = failed(_no_room(error))
    except Exception as error:  # the last door: anything else is a bug of ours
        traceback.print_exc(file=sys.stderr)
        result = _bug(error)
    render(command, result, as_json=as_json)
    return int(result.exit_code)


def _open_standard_streams() -> None:
    """A stream that the caller closed would be the next file opened, and programs would write to it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _no_room(error: OSError) -> HostError:
    place = error.filename or "a file system of this host"
    return HostError(
        f"{place} cannot be written: {error.strerror}",
        code="disk-full",
        hint="make room there, then run the same command again",
        details={"path": str(place)},
    )


def _bug(error: Exception) -> Result:
    return failed(
        _BugError(
            f"{type(error).__name__}: {error}",
            code="bug",
            hint="this is a fault of graphistry-airgap; send the traceback above with the run's log",
        )
    )
