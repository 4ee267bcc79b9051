"""The host's lock for a play, whose tasks are processes of their own: a service holds it between them.

It ends when the play says so, or when nothing of a bundle was used for an hour: longer than a module takes to
build, or images to come, and short enough that a play which failed stops nobody for a day.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from . import lock, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    # a command to its exit status, output and errors
    Run = Callable[..., "tuple[int, str, str]"]

UNIT = "graphistry-airgap-play-lock.service"
LEASE_MINUTES = 60
PATIENCE = 10.0
# holds $1 while somebody touches it; $2 is what it says of itself but its process; systemd makes one $ of two
_HOLD = """
set -eu
exec 9>>"$1"
flock -w 5 9
printf '{"pid": %d, %s' $$$$ "$2" >"$1"
while [ -n "$(find "$1" -mmin -MINUTES)" ]; do sleep 10; done
""".replace("MINUTES", str(LEASE_MINUTES))


class LockError(Exception):
    """The lock cannot be had."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


def is_of(play: str) -> bool:
    """Whether this very run of a play holds the lock."""
    return bool(lock.said_by(lock.holder()).get("play") == play)


def refuse_others(run: Run, play: str) -> None:
    """Before anything long is done in vain."""
    held_by = lock.holder()
    if held_by and not is_of(play):
        raise _held(held_by)
    # a killed run of the tool has lost the lock, and its processes may still be at work
    command = ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", f"{lock.SCOPES}*.scope"]
    status, out, error = run(command)
    if status:
        raise _no_systemd(error or out)
    if out.strip() and not is_of(play):
        raise _held(f"processes of {out.split()[0]} still run")


def take(run: Run, play: str) -> None:
    """Have the lock held from here on; a play that has it already keeps it."""
    if is_of(play):
        lock.renew()
        return
    lock.RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock.RUN.chmod(0o700)
    # a lock that the same play held before must not be taken for this one
    taken = datetime.now(timezone.utc).isoformat()
    says = json.dumps({"command": "ansible-playbook", "play": play, "unit": UNIT, "taken": taken})
    command = ["systemd-run", "--quiet", "--collect", f"--unit={UNIT}"]
    command += ["--description=graphistry-airgap: a play works on this host"]
    command += [f"--property=ExecStopPost=-/bin/rm -f {verified.TICKET}"]
    status, out, error = run([*command, "/bin/sh", "-c", _HOLD, "sh", str(lock.LOCK), says[1:]])
    if status and not lock.holder():
        raise _no_systemd(error or out)
    deadline = time.monotonic() + PATIENCE
    while lock.said_by(lock.holder()).get("taken") != taken:
        if time.monotonic() > deadline:
            raise _held(lock.holder())
        time.sleep(0.1)


def release(run: Run, play: str) -> bool:
    """End this play's lock; what somebody else holds is left to them."""
    if not is_of(play):
        return False
    status, out, error = run(["systemctl", "stop", UNIT])
    if status:
        raise _no_systemd(error or out)
    verified.remove()
    return True


def _held(held_by: str) -> LockError:
    return LockError(
        f"another run holds the lock of this host: {held_by or 'unknown holder'}",
        code="lock-held",
        hint=lock.next_step(held_by),
    )


def _no_systemd(said: str) -> LockError:
    return LockError(
        f"systemd does not hold the lock of this host for a play: {said.strip()}",
        code="no-systemd",
        hint="see `systemctl status`; between the tasks of a play a service of systemd keeps the lock",
    )
