"""What every trial of a transaction has in common: a place that goes again, and an answer."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.machine import Host

_STATE = "/var/lib/graphistry-airgap"
_RUN = "/run"
_PREFIX = "airgap-preflight-"


@contextmanager
def work_directory(host: Host) -> Iterator[Path]:
    """A directory of root's alone, gone afterwards, as are those that killed runs left."""
    parent = host.path(_STATE) if host.path(_STATE).is_dir() else host.path(_RUN)
    for left_by_a_killed_run in parent.glob(f"{_PREFIX}*"):
        shutil.rmtree(left_by_a_killed_run)
    work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work)


def answer(**found: Any) -> dict[str, Any]:
    """What a trial found, everything else being empty."""
    nothing: dict[str, Any] = {"index_error": "", "conflict": "", "installed": [], "removed": []}
    nothing |= {"pinned": [], "missing_files": [], "refused_files": [], "without_sha256": [], "streams": []}
    return {**nothing, **found}
