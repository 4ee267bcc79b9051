"""Lay down the files of a verified release.

Every byte is hashed while it is copied into a staging directory; only when all
of them are right does anything move to its place, file by file, by rename.
Below `data/` lives the operator's state: a file is put there once and never again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from .placing import keep_replaced, mode_of, sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SEEDED = "data"
_CHUNK = 1 << 20


class TreeError(Exception):
    """`path` is the release file at fault."""

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Plan:
    """Files to copy, files whose permissions alone are wrong, directories to make."""

    copy: list[str]
    chmod: list[str]
    make: list[str]


NOTHING = Plan([], [], [])


def check_names(names: Iterable[str]) -> None:
    """Refuse a name that would leave the release directory."""
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or str(path) != name or name in ("", "."):
            raise TreeError(f"the bundle names a release file outside the release: {name!r}", name)


def make_plan(dest: Path, files: Mapping[str, Any], directories: Iterable[str] = ()) -> Plan:
    copy, chmod = [], []
    for name in sorted(files):
        target = dest / name
        seeded = PurePosixPath(name).parts[0] == SEEDED
        if seeded and os.path.lexists(target):
            continue
        if not _holds(target, str(files[name]["sha256"])):
            copy.append(name)
        elif not seeded and mode_of(target) != _mode(files[name], target):
            chmod.append(name)
    return Plan(copy, chmod, [name for name in sorted(directories) if not (dest / name).is_dir()])


def apply_plan(plan: Plan, *, source: Path, dest: Path, files: Mapping[str, Any], kept: Path) -> None:
    """Copy through staging; `kept` gets what the operator had changed in the vendor's files."""
    staging = dest.parent / f".{dest.name}.incoming"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for name in plan.copy:
            _stage(source / name, staging / name, name, files[name])
        dest.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name in plan.copy:
            _place(staging / name, dest / name, kept)
        for name in plan.make:
            (dest / name).mkdir(mode=0o755, parents=True, exist_ok=True)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    for name in plan.chmod:
        (dest / name).chmod(_mode(files[name], dest / name))


def _stage(source: Path, staged: Path, name: str, wanted: Mapping[str, Any]) -> None:
    staged.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise TreeError(f"the release file {name} cannot be read: {error.strerror}", name) from error
    digest = hashlib.sha256()
    with os.fdopen(handle, "rb") as reader, staged.open("wb") as writer:
        for chunk in iter(lambda: reader.read(_CHUNK), b""):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    if digest.hexdigest() != wanted["sha256"]:
        raise TreeError(
            f"the release file {name} is not the one that the bundle lists: "
            f"its sha256 is {digest.hexdigest()}, listed is {wanted['sha256']}",
            name,
        )
    staged.chmod(_mode(wanted, staged))


def _place(staged: Path, target: Path, kept: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    keep_replaced(target, kept)
    staged.replace(target)
    sync_directory(target.parent)


def _mode(wanted: Mapping[str, Any], path: Path) -> int:
    if wanted.get("mode"):
        return int(str(wanted["mode"]), 8)
    # a medium such as an ISO image keeps no permissions, so the first bytes must tell
    with path.open("rb") as stream:
        return 0o755 if stream.read(2) == b"#!" else 0o644


def _holds(path: Path, sha256: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest() == sha256
