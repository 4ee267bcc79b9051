"""The host's lock: one change at a time, whoever makes it.  Whoever holds it says in the file who that is."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = Path("/run/graphistry-airgap")
LOCK = RUN / "lock"
# each run of the tool is a systemd scope of this name; one whose processes live counts as holding the lock
SCOPES = "graphistry-airgap-run-"
# of a module's environment: which run of ansible-playbook it belongs to (plugins/plugin_utils/this_run.py)
PLAY = "GRAPHISTRY_AIRGAP_RUN"


def holder() -> str:
    """What the holder says of itself; empty where nobody holds the lock."""
    try:
        stream = LOCK.open(encoding="utf-8")
    except FileNotFoundError:
        return ""
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return stream.read().strip() or "unknown holder"
    return ""


def said_by(text: str) -> dict[str, Any]:
    """The same as data; empty where it is something else than what we write."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def is_this_run(held_by: str) -> bool:
    """Whether this process belongs to who holds the lock: a play, or a process that we descend from."""
    said = said_by(held_by)
    if play := said.get("play"):
        return bool(os.environ.get(PLAY) == play)
    return any(pid == said.get("pid") for pid in _ancestors())


def _ancestors() -> Iterator[int]:
    """This process and those that it descends from."""
    pid = os.getpid()
    while pid > 0:
        yield pid
        try:
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        # a program's name, in brackets, may hold anything
        pid = int(status.rpartition(")")[2].split()[1])


def renew() -> None:
    """A play's lock ends by itself when nobody has used it for long; a run's has no use for this."""
    os.utime(LOCK)


def next_step(held_by: str) -> str:
    """What to do about a lock that somebody else holds."""
    if unit := said_by(held_by).get("unit"):
        return (
            "wait for that play to end; one that failed before it released the lock leaves it for an hour; "
            f"this ends it on this host at once: systemctl stop {unit}"
        )
    return f"wait for it to end, or look at it with: systemctl status '{SCOPES}*.scope'"
