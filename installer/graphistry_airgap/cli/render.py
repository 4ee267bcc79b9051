"""Show a result: one JSON envelope, or text for a person."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from graphistry_airgap.domain.errors import ExitCode
from graphistry_airgap.domain.result import envelope

if TYPE_CHECKING:
    from graphistry_airgap.domain.result import Result


def render(command: str, result: Result, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(envelope(command, result), indent=2, sort_keys=True) + "\n")
        return
    for message in result.messages:
        sys.stdout.write(message + "\n")
    for error in result.errors:
        sys.stderr.write(f"error: {error.message}\n")
        for key in ("found", "needed"):
            if key in error.details:
                sys.stderr.write(f"  {key}: {error.details[key]}\n")
        if error.hint:
            sys.stderr.write(f"  next: {error.hint}\n")
    if result.exit_code is not ExitCode.OK:
        sys.stderr.write(f"exit code {int(result.exit_code)}\n")
