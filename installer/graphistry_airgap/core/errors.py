"""The one exception tree: each class is one row of the exit-code table.

An error says what is wrong (`message`) and what to do next (`hint`); where something was looked at or
compared, its details have `found` and `needed`.
Only `cli/main.py` turns an error into an exit code.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    INPUT = 2
    HOST = 3
    BUNDLE = 4
    ENVIRONMENT = 5
    DRIFT = 6
    REBOOT = 10
    BUG = 70
    INTERRUPTED = 130


class AirgapError(Exception):
    """Base of all expected failures.

    `code` is a stable kebab-case name for programs; `details` is JSON-able and
    travels in the envelope's error object beside code, message and hint.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, message: str, *, code: str, hint: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.details = details or {}


class StageError(AirgapError):
    """A stage, a service or `verify` failed (exit 1)."""


class InputError(AirgapError):
    """Unreadable input or usage (exit 2)."""

    exit_code = ExitCode.INPUT


class HostError(AirgapError):
    """The host cannot take the installation as it is (exit 3)."""

    exit_code = ExitCode.HOST


class BundleError(AirgapError):
    """Signature, checksums, missing or extra files of a bundle (exit 4)."""

    exit_code = ExitCode.BUNDLE


class HostEnvironmentError(AirgapError):
    """Not root, lock held, a needed program is missing (exit 5)."""

    exit_code = ExitCode.ENVIRONMENT


class DriftError(AirgapError):
    """A host is not as a document says, or a plan does not fit it (exit 6)."""

    exit_code = ExitCode.DRIFT


class RebootRequiredError(AirgapError):
    """Not a failure: the host has to be restarted, then the installation goes on (exit 10)."""

    exit_code = ExitCode.REBOOT


class FindingsError(AirgapError):
    """Several problems reported at once; `errors` go into the envelope one by one."""

    def __init__(self, errors: list[AirgapError]) -> None:
        first = errors[0]
        super().__init__(first.message, code=first.code, hint=first.hint, details=first.details)
        self.errors = errors
        self.worst = min(errors, key=lambda e: _ORDER.index(e.exit_code)).exit_code


def attempt(act: Callable[[], T]) -> T | AirgapError:
    """What it gives, or why it cannot: for work on several things, where one must not stop the others."""
    try:
        return act()
    except AirgapError as error:
        return error


def worst_of_hosts(codes: Iterable[ExitCode]) -> ExitCode:
    """Of a run on several hosts: what its caller has to know first."""
    return min(codes, key=_OF_HOSTS.index, default=ExitCode.OK)


def raise_all(problems: Sequence[AirgapError]) -> None:
    """The one problem itself, several as a `FindingsError`, nothing for none."""
    if len(problems) > 1:
        raise FindingsError([*problems])
    if problems:
        raise problems[0]


# bundle problems are decided before host problems, input before both
_ORDER = [
    ExitCode.INPUT,
    ExitCode.ENVIRONMENT,
    ExitCode.BUNDLE,
    ExitCode.HOST,
    ExitCode.FAILED,
    ExitCode.DRIFT,
    ExitCode.REBOOT,
    ExitCode.BUG,
    ExitCode.INTERRUPTED,
    ExitCode.OK,
]
_OF_HOSTS = [
    ExitCode.BUG,
    ExitCode.INTERRUPTED,
    ExitCode.ENVIRONMENT,
    ExitCode.BUNDLE,
    ExitCode.INPUT,
    ExitCode.HOST,
    ExitCode.FAILED,
    ExitCode.DRIFT,
    ExitCode.REBOOT,
    ExitCode.OK,
]
