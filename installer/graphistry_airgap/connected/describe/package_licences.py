"""Licences as packages and wheels state them themselves, noted in the cache by the file's digest.

A Debian package says them in its copyright file, an rpm package in its header, a wheel in its METADATA.
"""

from __future__ import annotations

import re
import subprocess
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from graphistry_airgap.connected.adapters.forward_tar import content, members
from graphistry_airgap.connected.describe.licence_names import sorted_names
from graphistry_airgap.connected.images.package_databases import SMALL, copyright_licences, python_licences
from graphistry_airgap.core.adapters.process import run, streaming
from graphistry_airgap.core.errors import StageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache

# what was noted by an older reader is read again; raise it with every change to what is found
READER = 1
THREADS = 2
_COPYRIGHT = re.compile(r"(\./)?usr/share/doc/[^/]+/copyright")
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


class PackageLicences:
    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def read(self, files: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        """(sha256, file name) → licences by sha256; none where the file does not say."""
        wanted = dict(files)
        with ThreadPoolExecutor(THREADS) as pool:
            return dict(zip(wanted, pool.map(self._one, wanted, wanted.values()), strict=True))

    def _one(self, sha256: str, name: str) -> tuple[str, ...]:
        key = f"licences {READER} {sha256}"
        noted = self.cache.note(key)
        if noted is None:
            path = self.cache.find(sha256)
            noted = list(_read(path, name)) if path else []
            self.cache.write_note(key, noted)
        return tuple(noted)


def _read(path: Path, name: str) -> tuple[str, ...]:
    """A file that cannot be read states nothing; whether it is the right file is decided elsewhere."""
    try:
        if name.endswith(".whl"):
            return _of_wheel(path)
        return _of_rpm(path) if name.endswith(".rpm") else _of_deb(path)
    except (StageError, tarfile.TarError, zipfile.BadZipFile):
        return ()


def _of_deb(path: Path) -> tuple[str, ...]:
    found: set[str] = set()
    with streaming(["dpkg-deb", "--fsys-tarfile", str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        for tar, member in members(process.stdout):
            if member.isfile() and _COPYRIGHT.fullmatch(member.name):
                found.update(copyright_licences(content(tar, member, SMALL)))
    return tuple(sorted(found))


def _of_rpm(path: Path) -> tuple[str, ...]:
    done = run(["rpm", "-qp", "--nosignature", "--qf", "%{LICENSE}", str(path)])
    return sorted_names([done.stdout]) if done.ok else ()


def _of_wheel(path: Path) -> tuple[str, ...]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _METADATA.fullmatch(name):
                with archive.open(name) as stream:
                    return python_licences(stream.read(SMALL))
    return ()
