"""Show a result: one JSON envelope, or text for a person."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

from graphistry_airgap.domain.errors import ExitCode
from graphistry_airgap.domain.harmless import harmless
from graphistry_airgap.domain.result import envelope

if TYPE_CHECKING:
    from graphistry_airgap.domain.result import Result

# a name with a line end must not look like a line of ours
_CONTINUED = "\n    "


def render(command: str, result: Result, *, as_json: bool) -> None:
    """A reader that went away, or a full disk behind a redirection, does not change the exit code."""
    if as_json:
        _write(sys.stdout, json.dumps(envelope(command, result), indent=2, sort_keys=True) + "\n")
        return
    _write(sys.stdout, "".join(f"{message}\n" for message in result.messages))
    lines = []
    for error in result.errors:
        label = "reboot required" if error.exit_code is ExitCode.REBOOT else "error"
        lines.append(f"{label}: {error.message}")
        lines += [f"  {key}: {error.details[key]}" for key in ("found", "needed") if key in error.details]
        lines += [f"  next: {error.hint}"] if error.hint else []
    if result.exit_code is not ExitCode.OK:
        lines.append(f"exit code {int(result.exit_code)}")
    _write(sys.stderr, "".join(line.replace("\n", _CONTINUED) + "\n" for line in lines))


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(harmless(text))
        stream.flush()
    except OSError:
        # what is left in the buffer would fail once more at the end, and be Python's exit code 120
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
