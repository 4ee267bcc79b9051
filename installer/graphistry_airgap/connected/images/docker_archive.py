"""A `docker save` archive turned into OCI blobs in one streamed pass.

Each layer goes straight from the archive through sha256 into a compressor; the raw
layers never touch the disk.  Configs keep their bytes: converters that rewrite them change
the image id and drop health checks.  Both forms of the archive are read, the old
one (`<id>/layer.tar`, repeated layers as links) and the one with `blobs/sha256/`.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import subprocess
import tarfile
from typing import IO, TYPE_CHECKING, Any

from graphistry_airgap.bundle.images import GZIP, ZSTD, Image, Layer, familiar_name
from graphistry_airgap.connected.adapters import archive_guard
from graphistry_airgap.core.adapters.files import CHUNK, sha256_file
from graphistry_airgap.core.adapters.process import require, run, streaming
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache

# measured on 264 MB of service images, on one core: level 3 gives 88.8 MB in 1.1 s, 6 gives 83.1 MB in
# 3.0 s, 9 gives 79.1 MB in 5.2 s (gzip: 94.4 MB); all unpack equally fast, and a layer is packed once
# the bytes do not depend on zstd's number of threads; gzip writes no time into a pipe
COMPRESSORS = {ZSTD: ("zstd", "-6", "-T0", "-q", "-c"), GZIP: ("gzip", "-6", "-c")}
JSON_LIMIT = 8 << 20
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
# as many as Linux follows
MOST_LINKS = 40
WORTH_A_LINE = 64 << 20
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


class DockerArchive:
    """Packs image archives into the cache; an archive packed before costs nothing."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def pack(
        self, archive: Path, sha256: str, compression: str, progress: Callable[[str], None]
    ) -> list[Image]:
        """Images of the archive with this digest; their blobs are in the cache afterwards."""
        require("zstd", package="zstd")
        key = f"images {sha256} {_settings(compression)}"
        noted = self.cache.note(key)
        if noted is not None:
            images = [Image.from_json(value) for value in noted]
            if all(self.cache.find(digest) for image in images for digest in _digests(image)):
                return images
        images = _ArchivePass(self.cache, archive, compression, progress).images()
        self.cache.write_note(key, [image.to_json() for image in images])
        return images


def _settings(compression: str) -> str:
    program, level, *_ = COMPRESSORS[compression]
    version = run([program, "--version"]).stdout.partition("\n")[0]
    return f"{program} {level} {version}"


def _digests(image: Image) -> list[str]:
    return [
        image.config.removeprefix("sha256:"),
        *(layer.digest.removeprefix("sha256:") for layer in image.layers),
    ]


class _ArchivePass:
    def __init__(
        self, cache: Cache, archive: Path, compression: str, progress: Callable[[str], None]
    ) -> None:
        self.cache = cache
        self.archive = archive
        self.compression = compression
        self.progress = progress
        self.small: dict[str, bytes] = {}
        self.layers: dict[str, Layer] = {}
        self.links: dict[str, str] = {}
        self.allowance = archive_guard.Allowance(archive)

    def images(self) -> list[Image]:
        with (
            self.archive.open("rb") as raw,
            streaming(["zstd", "-dcf"], stdin=raw, stdout=subprocess.PIPE) as process,
        ):
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
            try:
                with tarfile.open(
                    fileobj=process.stdout, mode="r|", tarinfo=archive_guard.GuardedTarInfo
                ) as tar:
                    for member in archive_guard.members(tar):
                        self._member(tar, member)
                # zstd checks the end of the stream only when it is read
                while rest := process.stdout.read(CHUNK):
                    self.allowance.take(len(rest))
            except archive_guard.HostileArchiveError as error:
                raise self._unusable(str(error)) from None
            except tarfile.TarError as error:
                raise self._unusable(f"it is not a readable tar ({error})") from None
        try:
            return sorted(self._assemble(), key=lambda image: image.name)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            reason = f"its manifest or a config is malformed ({type(error).__name__}: {error})"
            raise self._unusable(reason) from None

    def _member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self.allowance.take_member()
        name = archive_guard.plain_name(member)
        if not member.isdir() and self._holds(name):
            raise self._unusable(f"it holds {name!r} twice")
        if member.issym() or member.islnk():
            self.links[name] = archive_guard.link_target(member, name)
        elif member.isfile() and (stream := tar.extractfile(member)):
            head = stream.read(512)
            if name.endswith(".tar") or (name.startswith("blobs/") and _is_layer(head)):
                self.layers[name] = layer = self._layer(head, stream)
                if layer.unpacked_size >= WORTH_A_LINE:
                    self.progress(
                        f"packed a layer of {layer.unpacked_size >> 20} MiB to {layer.size >> 20} MiB"
                    )
            elif member.size <= JSON_LIMIT:
                self.allowance.take_small(member.size)
                self.small[name] = head + stream.read()

    def _holds(self, name: str) -> bool:
        return name in self.layers or name in self.small or name in self.links

    def _layer(self, head: bytes, stream: IO[bytes]) -> Layer:
        if not head.startswith(COMPRESSED):
            return self._compress(head, stream)
        with self.cache.temporary() as packed:
            with packed.open("wb") as writer:
                writer.write(head)
                while chunk := stream.read(CHUNK):
                    self.allowance.take(len(chunk))
                    writer.write(chunk)
            with (
                packed.open("rb") as raw,
                streaming(["zstd", "-dc"], stdin=raw, stdout=subprocess.PIPE) as process,
            ):
                assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
                return self._compress(b"", process.stdout)

    def _compress(self, head: bytes, stream: IO[bytes]) -> Layer:
        digest, size = hashlib.sha256(), 0
        command = list(COMPRESSORS[self.compression])
        with self.cache.temporary() as packed:
            with (
                packed.open("wb") as out,
                streaming(command, stdin=subprocess.PIPE, stdout=out) as process,
            ):
                assert process.stdin is not None  # noqa: S101 (a pipe was asked for)
                chunk = head or stream.read(CHUNK)
                while chunk:
                    digest.update(chunk)
                    size += len(chunk)
                    self.allowance.take(len(chunk))
                    process.stdin.write(chunk)
                    chunk = stream.read(CHUNK)
            packed_size, blob = packed.stat().st_size, sha256_file(packed)
            self.cache.adopt(packed, blob)
        return Layer(f"sha256:{blob}", packed_size, f"sha256:{digest.hexdigest()}", size)

    def _assemble(self) -> list[Image]:
        if "manifest.json" not in self.small:
            raise self._unusable("it holds no manifest.json")
        images: dict[str, Image] = {}
        for entry in json.loads(self.small["manifest.json"]):
            for tag in entry.get("RepoTags") or []:
                image = Image(familiar_name(tag), *self._config_and_layers(entry), self.compression)
                if not _REFERENCE.fullmatch(image.name):
                    raise self._unusable(f"{tag!r} is no image name")
                if images.setdefault(image.name, image) != image:
                    raise self._unusable(f"two different images have the name {image.name}")
        return list(images.values())

    def _config_and_layers(self, entry: dict[str, Any]) -> tuple[str, int, tuple[Layer, ...]]:
        config = self.small.get(self._target(entry["Config"]))
        layers = [self.layers.get(self._target(path)) for path in entry["Layers"]]
        if config is None or None in layers:
            raise self._unusable(f"config or layers of {entry.get('RepoTags')} are missing")
        held = tuple(layer for layer in layers if layer is not None)
        wanted = json.loads(config)["rootfs"]["diff_ids"]
        if wanted != [layer.diff_id for layer in held]:
            raise self._unusable(f"the layers of {entry.get('RepoTags')} are not those that its config names")
        stated = _DIGEST.search(entry["Config"])
        if stated and stated.group() != hashlib.sha256(config).hexdigest():
            raise self._unusable(f"the config {entry['Config']} is not what its name says")
        return f"sha256:{self.cache.store(config)}", len(config), held

    def _target(self, path: str) -> str:
        name = posixpath.normpath(path)
        for _ in range(MOST_LINKS):
            if name not in self.links:
                break
            name = self.links[name]
        return name

    def _unusable(self, reason: str) -> InputError:
        return InputError(
            f"{self.archive.name} cannot be used: {reason}",
            code="image-archive",
            hint="it must be what `docker save` wrote, complete; copy it again and compare its checksum",
        )


def _is_layer(head: bytes) -> bool:
    return head.startswith(COMPRESSED) or head[257:262] == b"ustar" or head[:1] not in (b"{", b"[")
