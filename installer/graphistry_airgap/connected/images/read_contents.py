"""The package databases inside container images, read from their layers as a container would see them.

Layers are streamed one after the other, each on top of what the ones below it left: a file that a later
layer removes, hides or replaces is gone.  Images that share their first layers share the work, and what was
found is noted in the build cache, so that an image which is read once is never read again.
"""

from __future__ import annotations

import hashlib
import posixpath
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

from graphistry_airgap.connected.adapters.forward_tar import content, members
from graphistry_airgap.connected.images import package_databases as databases
from graphistry_airgap.connected.images.contents import Contents, Seen, contents_of
from graphistry_airgap.connected.images.rpm_database import read_rpm_database
from graphistry_airgap.core.adapters.process import FIXED_PATH, run, streaming
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphistry_airgap.bundle.images import Image, Layer
    from graphistry_airgap.connected.adapters.cache import Cache

# what was noted by an older reader is read again; raise it with every change to what is found
READER = 1
MOST_FILES = 200_000


class ImageContents:
    """Reads what images hold out of the layers in the cache."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def read(self, images: Sequence[Image]) -> dict[str, Contents]:
        """By the digest of the image's config."""
        return {image.config: contents_of(self._chain(image.layers)) for image in images}

    def _chain(self, layers: Sequence[Layer]) -> dict[str, Seen]:
        """What stands in the file system after these layers: path → what was seen there."""
        if not layers:
            return {}
        key = self._key(layers)
        noted = self.cache.note(key)
        if noted is None:
            below = self._chain(layers[:-1])
            noted = {path: seen.to_json() for path, seen in self._apply(below, layers[-1]).items()}
            self.cache.write_note(key, noted)
        return {path: Seen.from_json(value) for path, value in noted.items()}

    def _key(self, layers: Sequence[Layer]) -> str:
        chain = hashlib.sha256("\n".join(layer.diff_id for layer in layers).encode()).hexdigest()
        rpm = run(["rpm", "--version"]).stdout.strip() if shutil.which("rpm", path=FIXED_PATH) else "no rpm"
        return f"image contents {READER} {chain} {rpm}"

    def _apply(self, below: dict[str, Seen], layer: Layer) -> dict[str, Seen]:
        blob = self.cache.find(layer.digest.removeprefix("sha256:"))
        assert blob is not None  # noqa: S101 (packed a moment ago)
        above = _Layer(self.cache, below)
        with (
            blob.open("rb") as raw,
            streaming(["zstd", "-dc"], stdin=raw, stdout=subprocess.PIPE) as process,
        ):
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
            try:
                for tar, member in members(process.stdout):
                    above.take(tar, member)
            except tarfile.TarError as error:
                raise InputError(
                    f"the image layer {layer.diff_id} cannot be read: {error}",
                    code="image-layer",
                    hint="it must be a layer as `docker save` writes it; get the release again",
                    details={"layer": layer.diff_id},
                ) from None
        return above.result()


class _Layer:
    """One layer on top of what was seen below it; whiteouts never touch the layer's own files."""

    def __init__(self, cache: Cache, below: dict[str, Seen]) -> None:
        self.cache = cache
        self.below = dict(below)
        self.folders = {parent for path in below for parent in _parents(path)}
        self.added: dict[str, Seen] = {}

    def take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = posixpath.normpath("/" + member.name).lstrip("/")
        folder, name = posixpath.split(path)
        if name == ".wh..wh..opq":
            self._hide(folder, itself=False)
        elif name.startswith(".wh."):
            if not name.startswith(".wh..wh."):
                self._hide(posixpath.join(folder, name.removeprefix(".wh.")))
        elif member.isdir():
            self.below.pop(path, None)
        else:
            self._hide(path)
            self.added.pop(path, None)
            if seen := self._see(tar, member, path):
                self._add(path, seen)

    def result(self) -> dict[str, Seen]:
        return {**self.below, **self.added}

    def _hide(self, path: str, *, itself: bool = True) -> None:
        if itself:
            self.below.pop(path, None)
        if path in self.folders:
            for one in [one for one in self.below if one.startswith(f"{path}/")]:
                del self.below[one]

    def _add(self, path: str, seen: Seen) -> None:
        self.added[path] = seen
        if len(self.added) + len(self.below) > MOST_FILES:
            raise InputError(
                f"an image holds more than {MOST_FILES} files that package databases are made of",
                code="image-contents",
                hint="no real image does; look into the release's image archive before anything else",
            )

    def _see(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> Seen | None:
        if member.issym() and path.startswith("usr/share/doc/") and path.count("/") == 3:
            return Seen.link(member.linkname.rstrip("/").rpartition("/")[2])
        kind = databases.kind_of(path)
        if kind and member.islnk():
            target = posixpath.normpath("/" + member.linkname).lstrip("/")
            linked = self.added.get(target) or self.below.get(target)
            return linked.at(path) if linked else None
        return self._read(tar, member, path, kind) if kind and member.isfile() else None

    def _read(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, kind: str) -> Seen:
        limit = databases.LIMITS.get(kind)
        if limit and member.size > limit:
            return Seen.unread(kind, f"{path}: {member.size} bytes are more than such a file has")
        if kind == databases.RPM:
            return read_rpm_database(self.cache, tar, member, path)
        return Seen.of(kind, path, content(tar, member, limit or databases.SMALL))


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
