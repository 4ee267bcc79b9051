"""What the one-shot unit runs after a reboot: wait for the medium, go on, tell, and take the unit away.

It holds no lock while it waits, so an operator can install by hand at any time; the installation itself is
the ordinary `install --resume` in a process and a scope of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import ExitCode, InputError, StageError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.reboot.pending import RESUME_COMMAND, not_rebooted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphistry_airgap.installation.ports import Media, ResumeState, ResumeUnit
    from graphistry_airgap.installation.reboot.pending import Pending

LOOK_EVERY = 5.0
SPEAK_EVERY = 60.0


@dataclass(frozen=True)
class ResumeAtBoot:
    """`say` goes to console and journal; `install` runs the tool and gives its exit status."""

    states: ResumeState
    unit: ResumeUnit
    media: Media
    boot_id: Callable[[], str]
    install: Callable[[Sequence[str]], int]
    say: Callable[[str], None]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def run(self) -> Result:
        """Once per boot: the unit goes away whatever the result, but not before it was told."""
        try:
            pending = self.states.load()
            if pending is not None and pending.boot_id == self.boot_id():
                return failed(not_rebooted(pending), {"reboot": pending.mode})
            found = self._wait(pending) if pending else None
        except InputError as error:
            return self._end(failed(error))
        if pending is None or found is None:
            return self._end(
                Result(messages=["Nothing is left to resume: the installation went on without this."])
            )
        self.say(f"bundle {pending.bundle.id} found at {found}; the installation goes on")
        return self._end(_result_of(self.install(["install", "--resume", "--bundle", str(found)])))

    def _wait(self, pending: Pending) -> Path | None:
        """Where the medium is; None when somebody else brought the installation to an end meanwhile."""
        spoke = None
        while True:
            found = self.media.find(pending.bundle.sums_sha256, Path(pending.bundle.path))
            if found is not None:
                return found
            if spoke is None or self.clock() - spoke >= SPEAK_EVERY:
                spoke = self.clock()
                self.say(_waiting_for(pending))
            self.sleep(LOOK_EVERY)
            if self.states.load() != pending:
                return None

    def _end(self, result: Result) -> Result:
        lines = [*result.messages]
        for error in result.errors:
            lines += [f"error: {error.message}", f"next: {error.hint}"]
        for line in lines:
            self.say(line)
        if not self._reboot_due():
            self.unit.remove()
        return Result(exit_code=result.exit_code)

    def _reboot_due(self) -> bool:
        """Whoever asked for one more reboot in this boot has decided about the unit anew."""
        try:
            pending = self.states.load()
        except InputError:
            return False
        return pending is not None and pending.boot_id == self.boot_id()


def _waiting_for(pending: Pending) -> str:
    return (
        f"waiting for the medium with bundle {pending.bundle.id} to go on with the installation "
        f"(it was at {pending.bundle.path}; mount it there or at any other place). "
        f"To stop waiting: systemctl stop {places.RESUME_UNIT}"
    )


def _result_of(status: int) -> Result:
    if status == ExitCode.OK:
        return Result(messages=["The installation is complete."])
    if status == ExitCode.REBOOT:
        return Result(messages=["The installation needs one more reboot."], exit_code=ExitCode.REBOOT)
    ended = StageError(
        f"going on with the installation ended with exit code {status}; its errors stand above",
        code="resume-failed",
        hint=f"mend the cause, then: {RESUME_COMMAND}",
    )
    known = ExitCode(status) if status in tuple(ExitCode) else ExitCode.FAILED
    return Result(exit_code=known, errors=[ended])
