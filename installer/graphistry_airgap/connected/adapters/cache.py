"""The build cache: a content-addressed store, and small named notes beside it.

A blob appears under its digest only when it is complete, by rename, so that a
killed build leaves nothing that a later one could take for whole.  Notes map a
key (a repository, an archive, a wheel) to what was found for it the last time.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.adapters.files import sha256_file, write_atomic
from graphistry_airgap.core.canonical import readable_json, sha256_hex
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFTOVER_AGE = 86400


class Cache:
    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            for name in ("blobs", "notes", "tmp"):
                (root / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root / "tmp"):
                pass
        except OSError as error:
            raise InputError(
                f"the cache {root} cannot be used: {error.strerror}",
                code="cache-unusable",
                hint="name a directory that you may write with --cache",
            ) from None
        self._sweep()

    def find(self, sha256: str, size: int | None = None) -> Path | None:
        """Path of a stored blob; one of the wrong size counts as absent."""
        path = self._blob(sha256)
        try:
            found = path.stat().st_size
        except FileNotFoundError:
            return None
        return path if size is None or size == found else None

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """An empty file on the cache's file system that does not outlive the block."""
        handle, name = tempfile.mkstemp(dir=self.root / "tmp")
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """An empty directory on the cache's file system that does not outlive the block."""
        with tempfile.TemporaryDirectory(dir=self.root / "tmp") as name:
            yield Path(name)

    def adopt(self, path: Path, sha256: str | None = None) -> str:
        """Move a complete temporary file into the store; returns its hex digest."""
        digest = sha256 or sha256_file(path)
        target = self._blob(digest)
        target.parent.mkdir(exist_ok=True)
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        path.chmod(0o644)
        path.replace(target)
        return digest

    def store(self, data: bytes) -> str:
        with self.temporary() as path:
            path.write_bytes(data)
            return self.adopt(path, sha256_hex(data))

    def forget(self, sha256: str) -> None:
        self._blob(sha256).unlink(missing_ok=True)

    def note(self, key: str) -> Any:
        """What was noted under a key, or None."""
        try:
            return json.loads(self._note(key).read_text(encoding="utf-8"))["value"]
        except FileNotFoundError:
            return None

    def write_note(self, key: str, value: Any) -> None:
        write_atomic(self._note(key), readable_json({"key": key, "value": value}))

    def _sweep(self) -> None:
        """Remove what builds that were killed long ago left behind."""
        for leftover in (self.root / "tmp").iterdir():
            try:
                old = time.time() - leftover.stat().st_mtime > LEFTOVER_AGE
            except FileNotFoundError:
                continue
            if old and leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            elif old:
                leftover.unlink(missing_ok=True)

    def _blob(self, sha256: str) -> Path:
        return self.root / "blobs" / sha256[:2] / sha256

    def _note(self, key: str) -> Path:
        return self.root / "notes" / f"{sha256_hex(key.encode())}.json"
