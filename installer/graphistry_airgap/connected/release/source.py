"""The vendor's release from a directory or a tar: digest checked first, then read.

A tar is unpacked into the cache.  Links are taken as the file that they point to,
when that lies inside the release; a medium may not keep links, and nothing that
points outside may travel.
"""

from __future__ import annotations

import lzma
import os
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.manifest import is_release_version
from graphistry_airgap.connected.adapters import archive_guard
from graphistry_airgap.connected.release.compose_file import read_compose
from graphistry_airgap.connected.release.release import ARCHIVES, Release, ReleaseFile
from graphistry_airgap.core.adapters.files import sha256_file, walk_files
from graphistry_airgap.core.canonical import tree_digest
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.spec import PinnedPath

    NamesOfImages = Callable[[Any, Mapping[str, Path], Mapping[str, str]], tuple[str, ...]]

# names and times that no file system takes are a ValueError or an OverflowError
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError)
NEEDED = ("VERSION", "docker-compose.yml", ".env", "graphistry")


class ReleaseSource:
    """`images` names those of a parsed compose file, from the release's files and what its wrapper sets."""

    def __init__(self, cache: Cache, images: NamesOfImages) -> None:
        self.cache = cache
        self.images = images

    def open(self, spec: PinnedPath, *, trust_on_first_use: bool) -> Release:
        """Read and check the release that the spec names."""
        if spec.path.is_dir():
            root, files = spec.path, _files(spec.path)
            digest = tree_digest((file.path, file.sha256) for file in files)
            _check_pin(spec, digest, trust_on_first_use)
        elif spec.path.is_file():
            digest = sha256_file(spec.path)
            _check_pin(spec, digest, trust_on_first_use)
            root = self._unpacked(spec.path, digest)
            files = _files(root)
        else:
            raise InputError(
                f"the release {spec.path} does not exist",
                code="release-missing",
                hint="release.path is relative to the spec and names a directory or a tar",
            )
        return _describe(spec, root, files, digest, self.images)

    def _unpacked(self, tar: Path, digest: str) -> Path:
        target = self.cache.root / "releases" / digest
        if not target.is_dir():
            target.parent.mkdir(exist_ok=True)
            with self.cache.workspace() as workspace:
                try:
                    _unpack(tar, workspace / "release")
                except archive_guard.HostileArchiveError as error:
                    raise InputError(
                        f"the release {tar} is not taken: {error}",
                        code="release-hostile",
                        hint="no vendor ships that: get the release again and compare its checksum",
                    ) from None
                except (*_UNREADABLE, OSError) as error:
                    raise InputError(
                        f"the release {tar} cannot be unpacked: {error}",
                        code="release-unreadable",
                        hint="release.path must be a directory or a complete tar",
                    ) from None
                (workspace / "release").rename(target)
        return _top(target)


def release_digest(path: Path) -> str:
    """The value for `release.sha256`: of a tar its sha256, of a directory its tree digest."""
    if path.is_dir():
        return tree_digest((file.path, file.sha256) for file in _files(path))
    return sha256_file(path)


def _unpack(tar: Path, target: Path) -> None:
    allowance, leaves = archive_guard.Allowance(tar), set[str]()

    def guarded(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        allowance.take(member.size)
        name = archive_guard.plain_name(member)
        archive_guard.refuse_below(name, leaves)
        if member.issym() or member.islnk():
            target = archive_guard.link_target(member, name)
            if member.islnk() and target not in leaves:
                raise archive_guard.HostileArchiveError(f"{name!r} is {target!r}, which is not before it")
        if not member.isdir():
            leaves.add(name)
        return tarfile.data_filter(member, path)

    with tarfile.open(tar, "r:*", tarinfo=archive_guard.GuardedTarInfo) as stream:
        target.mkdir()
        for member in archive_guard.members(stream):
            allowance.take_member()
            stream.extract(member, target, filter=guarded)


def _check_pin(spec: PinnedPath, digest: str, trust_on_first_use: bool) -> None:
    if spec.sha256 is None and not trust_on_first_use:
        raise InputError(
            f"the spec does not pin the release {spec.written}",
            code="release-unpinned",
            hint=f"compare with the vendor's checksum, then write release.sha256: {digest} into the spec "
            "(or pass --trust-on-first-use)",
            details={"sha256": digest},
        )
    if spec.sha256 is not None and spec.sha256 != digest:
        raise InputError(
            f"the release {spec.written} has sha256 {digest}, the spec pins {spec.sha256}",
            code="release-changed",
            hint="get the release again; change the pin only when the vendor confirms the new value",
            details={"sha256": digest},
        )


def _top(root: Path) -> Path:
    """The release inside an unpacked tar: there, or in its only directory."""
    entries = list(root.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else root


def _files(root: Path) -> list[ReleaseFile]:
    inside = root.resolve()
    found = []
    for relative in walk_files(root):
        path = root / relative
        target = path.resolve()
        if not (target.is_relative_to(inside) and target.is_file()):
            raise InputError(
                f"{relative} in the release is neither a file nor a link to a file inside the release",
                code="release-odd-file",
                hint="get the release again; sockets, devices and links to elsewhere cannot travel",
            )
        executable = os.access(target, os.X_OK) and bool(target.stat().st_mode & 0o111)
        found.append(ReleaseFile(relative, path, sha256_file(path), target.stat().st_size, executable))
    _check_names([file.path for file in found])
    return found


def _check_names(paths: list[str]) -> None:
    """Names that a list of checksums cannot carry, or that are one name on some media."""
    known: dict[str, str] = {}
    for path in paths:
        if not path.isprintable() or "\\" in path:
            raise _odd_name(f"the release holds {path!r}, which is no plain name")
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            name = "/".join(parts[:count])
            other = known.setdefault(name.casefold(), name)
            if other != name:
                raise _odd_name(f"the release holds {other} and {name}, which are one name on many media")


def _odd_name(message: str) -> InputError:
    return InputError(
        message,
        code="release-odd-name",
        hint="get the release again; no vendor ships such names",
    )


def _describe(
    spec: PinnedPath, root: Path, files: list[ReleaseFile], digest: str, images: NamesOfImages
) -> Release:
    by_path = {file.path: file for file in files}
    archive = next((by_path[name] for name in ARCHIVES if name in by_path), None)
    absent = [name for name in NEEDED if name not in by_path]
    if absent or archive is None:
        absent += [] if archive else [ARCHIVES[0]]
        raise InputError(
            f"the release {spec.written} has no {', '.join(absent)}",
            code="release-incomplete",
            hint="release.path must be the vendor's release as shipped, complete",
            details={"missing": absent},
        )
    version = _line(by_path["VERSION"].source)
    if not version:
        raise InputError(
            f"VERSION of the release {spec.written} is empty",
            code="release-incomplete",
            hint="get the release again from the vendor",
        )
    if not is_release_version(version):
        raise InputError(
            f"VERSION of the release {spec.written} is {version[:60]!r}, which cannot name a directory",
            code="release-version",
            hint="get the release again from the vendor; VERSION holds one word such as v2.50.1",
        )
    cuda = _line(by_path["CUDA_SHORT_VERSION"].source) if "CUDA_SHORT_VERSION" in by_path else ""
    known = {"VERSION": version, "CUDA_SHORT_VERSION": cuda}
    return Release(
        version=version,
        cuda=cuda,
        written=spec.written,
        sha256=digest,
        pinned=spec.sha256 is not None,
        files=tuple(file for file in files if file.path not in ARCHIVES),
        empty_directories=tuple(_empty_directories(root)),
        archive=archive,
        images=images(
            read_compose(by_path["docker-compose.yml"].source),
            {path: file.source for path, file in by_path.items()},
            known,
        ),
    )


def _empty_directories(root: Path) -> list[str]:
    found = [
        Path(folder).relative_to(root).as_posix()
        for folder, directories, names in os.walk(root)
        if not directories and not names
    ]
    return sorted(found, key=str.encode)


def _line(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()
