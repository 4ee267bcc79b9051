"""A bundle that counts as verified on this machine: the product's own ticket, and a lock that is really held.

Lock and ticket lie in a folder of the test's.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    import pytest


def list_files(bundle: Path) -> str:
    """Write the list of checksums of all that lies there; its own digest."""
    bundle.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in bundle.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(bundle)}\n" for path in files
    ]
    data = "".join(lines).encode()
    (bundle / "SHA256SUMS").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@contextmanager
def held(path: Path, holder: str = "") -> Iterator[None]:
    """By this process, where no other `holder` is named."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(holder or json.dumps({"pid": os.getpid(), "command": "install"}), encoding="utf-8")
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def move(lock: ModuleType, verified: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let these two modules, which Ansible's loader may have twice, look in a folder."""
    monkeypatch.setattr(lock, "RUN", folder)
    monkeypatch.setattr(lock, "LOCK", folder / "lock")
    monkeypatch.setattr(verified, "TICKET", folder / "verified.json")
