"""A work directory must lie where only root can put things."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from graphistry_airgap.core.errors import HostEnvironmentError

_RUN = Path("/run")
# Ansible's workers talk to it over a socket 67 bytes below this directory, and Linux ends such a path at 107
LONGEST = 40


def require_private(folder: Path) -> Path:
    """The absolute path of `folder`, made 0700 when absent.

    Refused: one below a path that others can write, and a path of more than LONGEST bytes.
    """
    try:
        resolved = folder.resolve()
        _require_root_s(resolved)
        if len(os.fsencode(resolved)) > LONGEST:
            raise OSError(errno.ENAMETOOLONG, f"its path may have {LONGEST} bytes, for sockets lie in it")
        resolved.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before Python 3.13
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise HostEnvironmentError(
            f"the work directory {folder} cannot be made: {reason}",
            code="work-dir-unusable",
            hint="choose a directory below one that only root can write, e.g. /run/graphistry-airgap",
            details={"path": str(folder)},
        ) from error
    return resolved


def _require_root_s(resolved: Path) -> None:
    for part in (resolved, *resolved.parents):
        if not part.exists():
            continue
        status = part.stat()
        if status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise HostEnvironmentError(
                f"the work directory {resolved} lies under {part}, which others than root can write "
                f"(owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):04o})",
                code="work-dir-unsafe",
                hint="choose a directory below one that only root can write, e.g. /run/graphistry-airgap",
                details={"path": str(part)},
            )


def private_parent() -> Path | None:
    """Where short-lived files go: for root /run, as others cannot write there; None leaves it to tempfile."""
    return _RUN if os.geteuid() == 0 and os.access(_RUN, os.W_OK) else None
