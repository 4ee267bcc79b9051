"""What every command returns; rendering it is the command line's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphistry_airgap.core.errors import AirgapError, ExitCode, FindingsError

ENVELOPE_VERSION = 1


@dataclass(frozen=True)
class Result:
    """`data` is JSON-able; `messages` are plain sentences for a person.

    Of a result that `answers` the first message is a value that somebody asked for: a pipe gets its very
    bytes and nothing else.
    """

    data: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.OK
    errors: list[AirgapError] = field(default_factory=list)
    answers: bool = False


def error_object(error: AirgapError) -> dict[str, Any]:
    return {**error.details, "code": error.code, "message": error.message, "hint": error.hint}


def failed(error: AirgapError, data: dict[str, Any] | None = None) -> Result:
    errors = error.errors if isinstance(error, FindingsError) else [error]
    code = error.worst if isinstance(error, FindingsError) else error.exit_code
    return Result(data=data or {}, exit_code=code, errors=list(errors))


def envelope(command: str, result: Result) -> dict[str, Any]:
    return {
        "version": ENVELOPE_VERSION,
        "command": command,
        "ok": result.exit_code == ExitCode.OK,
        "exit_code": int(result.exit_code),
        "data": result.data,
        "messages": result.messages,
        "errors": [error_object(error) for error in result.errors],
    }
