"""Show a result: one JSON envelope, or text for a person."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

from graphistry_airgap.core.errors import ExitCode
from graphistry_airgap.core.result import envelope
from graphistry_airgap.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.core.result import Result

# beside the message, which names stage and task itself, and shows what a service logged
_SHOWN = {"found": "found", "needed": "needed", "path": "path", "stig": "STIG"}
# a name with a line end must not look like a line of ours
_CONTINUED = "\n    "


def render(command: str, result: Result, *, as_json: bool) -> None:
    """A reader that went away, or a full disk behind a redirection, does not change the exit code."""
    if as_json:
        _write(sys.stdout, json.dumps(envelope(command, result), indent=2, sort_keys=True) + "\n")
        return
    lines = []
    if result.answers and not sys.stdout.isatty():
        _write_raw(sys.stdout, result.messages[0] + "\n")
        lines += result.messages[1:]
    else:
        _write(sys.stdout, "".join(f"{message}\n" for message in result.messages))
    for error in result.errors:
        label = "reboot required" if error.exit_code is ExitCode.REBOOT else "error"
        lines.append(f"{label}: {error.message}")
        given = {word: error.details.get(key) for key, word in _SHOWN.items()}
        if error.message.startswith(f"{given['found']}\n"):
            # another program's refusal, which stands there whole already
            given.pop("found")
        lines += [f"  {word}: {value}" for word, value in given.items() if value not in (None, "")]
        lines += [f"  next: {error.hint}"] if error.hint else []
    if result.exit_code is not ExitCode.OK:
        lines.append(f"exit code {int(result.exit_code)}")
    _write(sys.stderr, "".join(line.replace("\n", _CONTINUED) + "\n" for line in lines))


def _write_raw(stream: TextIO, text: str) -> None:
    """The bytes themselves, in whatever locale: nobody's terminal is on the other side."""
    _try(stream, lambda: stream.buffer.write(text.encode("utf-8", "surrogateescape")))


def _write(stream: TextIO, text: str) -> None:
    _try(stream, lambda: stream.write(printable(text)))


def _try(stream: TextIO, write: Callable[[], object]) -> None:
    try:
        write()
        stream.flush()
    except OSError:
        # what is left in the buffer would fail once more at the end, and be Python's exit code 120
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
