"""Archives of modules that Ansible has built, kept beside the runtime that they were built from.

Ansible follows a module's imports anew in each process (`executor/module_common.py`, `ansiballz_cache`):
a third of a second for the largest of ours.  What it builds follows from the runtime alone, and that is never
changed once it is complete.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from ansible import constants

# written by bootstrap/install/runtime.sh as its last step
COMPLETE = ".complete"
KEPT = "modules"
# of Ansible's: whoever holds it is building; a file that is not yet whole
UNFINISHED = (".lock", "-part")


def offer() -> None:
    """What is kept lies where Ansible looks for it."""
    kept, cache = _kept(), _cache()
    if kept is None:
        return
    cache.mkdir(exist_ok=True)
    for archive in _archives(kept):
        # another worker may offer it, too
        with suppress(FileExistsError):
            (cache / archive.name).symlink_to(archive)


def keep() -> None:
    """What Ansible has built meanwhile is kept; where that cannot be, the next run builds it again."""
    kept = _kept()
    if kept is None:
        return
    with suppress(OSError):
        kept.mkdir(exist_ok=True)
        # as all of the runtime, whatever the umask: it holds code alone
        kept.chmod(0o755)
        for archive in _archives(_cache()):
            if not (kept / archive.name).exists():
                _write(archive.read_bytes(), kept / archive.name)


def _kept() -> Path | None:
    runtime = Path(sys.prefix)
    return runtime / KEPT if (runtime / COMPLETE).exists() else None


def _cache() -> Path:
    return Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache"


def _archives(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and not path.name.endswith(UNFINISHED)
    ]


def _write(data: bytes, path: Path) -> None:
    """Whole or not at all, also where the power goes: Ansible would stop at a part of one, in each run."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
