"""One change at a time on a host, and one systemd scope around each run.

The lock file is held with flock; a systemd scope keeps together every process
that a run starts.  The lock counts as held while the file is locked *or* any
process of an earlier run's scope lives, so a killed parent collides with nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.process import FIXED_PATH, own_python, run
from graphistry_airgap.core.errors import HostEnvironmentError
from graphistry_airgap.target.host import lock as host_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCOPE_PREFIX = host_lock.SCOPES
# a run that is over may leave a helper of one of its programs behind for a moment (DKMS: a `sleep` of 3 s)
PATIENCE = 6.0


def is_root() -> bool:
    return os.geteuid() == 0


def require_root() -> None:
    if not is_root():
        raise HostEnvironmentError(
            f"this command changes the host and runs as root; it was started by user id {os.geteuid()}",
            code="not-root",
            hint="run it as root from the start (it never becomes root half-way)",
        )


def built_environment() -> dict[str, str]:
    """The whole environment of a run: nothing is inherited from the caller but the terminal's kind."""
    environment = {
        "PATH": FIXED_PATH,
        "HOME": os.fspath(places.RUN),
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
    }
    if "TERM" in os.environ:
        environment["TERM"] = os.environ["TERM"]
    return environment


def leave_environment() -> None:
    """Take nothing more from the caller: no Docker context, no umask, no proxy."""
    environment = built_environment()
    os.environ.clear()
    os.environ.update(environment)
    os.umask(0o022)


def own_scope() -> str | None:
    """Name of the run scope that this process lives in, if any."""
    parts = Path("/proc/self/cgroup").read_text(encoding="ascii").replace("\n", "/").split("/")
    return next((part for part in parts if part.startswith(SCOPE_PREFIX) and part.endswith(".scope")), None)


def enter_scope(argv: Sequence[str]) -> None:
    """Start over inside a systemd scope with a built environment; returns only when already inside."""
    if own_scope():
        leave_environment()
        return
    if not Path("/run/systemd/system").is_dir():  # the test that sd_booted(3) documents
        raise HostEnvironmentError(
            "systemd is not the init system of this host",
            code="no-systemd",
            hint="install on a host that systemd has booted; services and the run itself are kept by it",
        )
    _require_scopes()
    _exec_scope(argv)


def _require_scopes() -> None:
    """What would stop systemd-run, found while this process can still say so in its own words."""
    with tempfile.TemporaryFile(dir="/run") as stream:  # the scope's unit is written there
        stream.write(bytes(1 << 16))
    if not (asked := run(["systemctl", "show", "--property=Version"])).ok:
        raise HostEnvironmentError(
            asked.refusal("systemd does not answer"),
            code="no-systemd",
            hint="see `systemctl status`; a run is kept together by a systemd scope",
        )


def _exec_scope(argv: Sequence[str]) -> NoReturn:
    scope = f"{SCOPE_PREFIX}{os.getpid()}.scope"
    command = ["systemd-run", "--scope", "--quiet", "--collect", f"--unit={scope}"]
    command += [
        "--description=graphistry-airgap",
        "--",
        *own_python(),
        "-m",
        "graphistry_airgap",
        *argv,
    ]
    os.execvpe("systemd-run", command, built_environment())  # noqa: S606 - no shell is wanted


def _other_runs() -> list[str]:
    """`scope (pid, pid)` of each run scope, other than our own, in which a process lives."""
    listing = run(
        ["systemctl", "list-units", "--plain", "--no-legend", "--state=active", f"{SCOPE_PREFIX}*.scope"]
    )
    scopes = [line.split()[0] for line in listing.stdout.splitlines() if line.strip()]
    return [scope for scope in scopes if scope != own_scope()]


@contextlib.contextmanager
def hold(lock: Path = places.LOCK, *, command: str) -> Iterator[None]:
    """Hold the host's lock; raises `HostEnvironmentError` when somebody else does.

    At once where a run goes on, and after `PATIENCE` seconds where processes have outlived theirs.
    """
    with alone(lock, command=command):
        deadline = time.monotonic() + PATIENCE
        while others := _other_runs():
            if time.monotonic() > deadline:
                raise _held(f"processes of {', '.join(others)} still run")
            time.sleep(0.2)
        yield


@contextlib.contextmanager
def alone(lock: Path, *, command: str) -> Iterator[None]:
    """Hold a file lock, which no living process but this one may have."""
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock.parent.chmod(0o700)
    with lock.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise _held(stream.read().strip()) from None
        stream.truncate(0)
        stream.write(json.dumps({"pid": os.getpid(), "command": command}))
        stream.flush()
        yield


def _held(holder: str) -> HostEnvironmentError:
    return HostEnvironmentError(
        f"another run holds the lock of this host: {holder or 'unknown holder'}",
        code="lock-held",
        hint=host_lock.next_step(holder),
    )
