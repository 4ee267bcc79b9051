"""Lay down the files of a verified release.

Every byte is hashed while it is copied into a staging directory; only when all
of them are right does anything move to its place, file by file, by rename.
Below `data/` lives the operator's state: a file is put there once and never again.
Containers write there, too, so nothing is written along a link that lies in a release.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from ..change import Change, compared
from ..host import medium, no_links
from ..host.digests import sha256
from ..host.files import keep_replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SUBJECT = "release"
SEEDED = "data"
SCRIPT = b"#!"
_CHUNK = 1 << 20


class TreeError(Exception):
    """`path` is the release file at fault."""

    def __init__(self, message: str, path: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class Plan:
    """Files to copy, files whose permissions alone are wrong, directories to make; and that as data."""

    copy: list[str]
    chmod: list[str]
    make: list[str]
    changes: list[Change]


def check_names(names: Iterable[str]) -> None:
    """Refuse a name that would leave the release directory."""
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or str(path) != name or name in ("", "."):
            message = f"the bundle names a release file outside the release: {name!r}"
            raise TreeError(message, name, code=medium.CHANGED, hint=medium.HINT)


def make_plan(dest: Path, files: Mapping[str, Any], directories: Iterable[str] = ()) -> Plan:
    copy, chmod = [], []
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in sorted(files):
        seeded = PurePosixPath(name).parts[0] == SEEDED
        path = dest / name
        # a way that an operator has led elsewhere is looked along here, and never written along
        if seeded and os.path.lexists(path):
            continue
        found, wanted = _found(dest, name), files[name]
        if found is None or found.sha256 != wanted["sha256"]:
            copy.append(name)
            before[str(path)] = _told(path, found, wanted.get("mode"))
            after[str(path)] = {"sha256": wanted["sha256"], **_mode_told(wanted.get("mode"))}
        elif not seeded and found.mode != (mode := _mode(wanted, found.script)):
            chmod.append(name)
            before[str(path)] = {"mode": f"{found.mode:04o}"}
            after[str(path)] = {"mode": f"{mode:04o}"}
    make = [name for name in sorted(directories) if not (dest / name).is_dir()]
    made = [Change(SUBJECT, "directory", str(dest / name), None, {"mode": "0755"}) for name in make]
    return Plan(copy, chmod, make, [*compared(SUBJECT, "file", before, after), *made])


def apply_plan(plan: Plan, *, source: Path, dest: Path, files: Mapping[str, Any], kept: Path) -> None:
    """Copy through staging; `kept` gets what the operator had changed in the vendor's files."""
    staging = dest.parent / f".{dest.name}.incoming"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for name in plan.copy:
            _stage(source / name, staging / name, name, files[name])
        dest.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name in plan.copy:
            _place(staging / name, dest, name, kept)
        for name in plan.make:
            with _directory(dest, name, name, make=True):
                pass
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    for name in plan.chmod:
        with _file(dest, name) as stream:
            os.fchmod(stream.fileno(), _mode(files[name], stream.read(2) == SCRIPT))


@dataclass(frozen=True)
class _Found:
    sha256: str
    mode: int
    script: bool


def _stage(source: Path, staged: Path, name: str, wanted: Mapping[str, Any]) -> None:
    staged.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        with staged.open("w+b") as writer:
            medium.copy(source, writer, name=f"the release file {name}", sha256=wanted["sha256"])
            writer.seek(0)
            os.fchmod(writer.fileno(), _mode(wanted, writer.read(2) == SCRIPT))
            os.fsync(writer.fileno())
    except medium.MediumError as error:
        raise TreeError(str(error), name, code=medium.CHANGED, hint=medium.HINT) from error


def _place(staged: Path, dest: Path, name: str, kept: Path) -> None:
    folder, _, last = name.rpartition("/")
    with _directory(dest, folder, name, make=True) as handle:
        if PurePosixPath(name).parts[0] != SEEDED:
            keep_replaced(dest / name, kept)
        os.replace(staged, last, dst_dir_fd=handle)
        os.fsync(handle)


@contextmanager
def _directory(dest: Path, relative: str, name: str, *, make: bool = False) -> Iterator[int]:
    try:
        with no_links.directory(dest, relative, make=make) as handle:
            yield handle
    except no_links.LinkError as error:
        raise TreeError(
            f"the release file {name} cannot be put in its place: {error.filename!r} on the way is a link "
            "or no directory",
            name,
            code="release-link",
            hint="somebody, perhaps a container, has put it there; remove it, or mount the other place there",
        ) from error


@contextmanager
def _file(dest: Path, name: str) -> Iterator[BinaryIO]:
    folder, _, last = name.rpartition("/")
    with _directory(dest, folder, name) as handle:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(last, flags, dir_fd=handle), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise FileNotFoundError(name)
            yield stream


def _mode(wanted: Mapping[str, Any], script: bool) -> int:
    # a medium such as an ISO image keeps no permissions, so the first bytes must tell
    return int(str(wanted["mode"]), 8) if wanted.get("mode") else 0o755 if script else 0o644


def _found(dest: Path, name: str) -> _Found | None:
    """What lies there; None where it is no file that can be read without following a link."""
    digest = sha256()
    try:
        with _file(dest, name) as stream:
            head = stream.read(2)
            digest.update(head)
            for chunk in iter(lambda: stream.read(_CHUNK), b""):
                digest.update(chunk)
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return None
    return _Found(digest.hexdigest(), mode, head == SCRIPT)


def _told(path: Path, found: _Found | None, mode: str | None) -> dict[str, Any] | None:
    if found is not None:
        return {"sha256": found.sha256, **_mode_told(mode and f"{found.mode:o}")}
    return {"regular": False} if os.path.lexists(path) else None


def _mode_told(mode: str | None) -> dict[str, str]:
    """Without a mode in the list the content decides, and nobody has read that yet."""
    return {"mode": f"{int(mode, 8):04o}"} if mode else {}
