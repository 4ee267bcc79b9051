"""Connections by ssh(1), alike for Ansible and for the post-install tests, and none that outlives a run."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator

# a host that is not known is not trusted, nothing waits for a password, root's known_hosts stay as they are
_OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ControlMaster=auto",
    "ControlPersist=60s",
)


def arguments(*more: str) -> str:
    return " ".join(f"-o {option}" for option in (*_OPTIONS, *more))


def close(sockets: Path) -> None:
    """End the connections that are kept in that directory; a process of a run holds the host's lock."""
    for socket in sockets.glob("*"):
        run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "any"])


@contextmanager
def shared() -> Iterator[str]:
    """Arguments for one connection to each host, for as long as it lasts."""
    places.RUN.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ssh-", dir=places.RUN) as folder:
        try:
            yield arguments(f"ControlPath={folder}/%C")
        finally:
            close(Path(folder))
