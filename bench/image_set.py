"""A generated set of images: a large shared base, own layers on top, many small files.

It stands in for a vendor's `containers.tar.gz` of any size: the archive has the
shape of `docker save | gzip`, the same arguments give the same layers, and the
contents compress about as well as installed software does.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import random
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graphistry_airgap.bundle.images import ZSTD
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.images.docker_archive import DockerArchive
from graphistry_airgap.core.adapters.files import sha256_file

POOL = 48 << 20
SHARED = 0.5
DIRECTORY_FILES = 200


@dataclass(frozen=True)
class Size:
    images: int = 6
    megabytes: int = 1000
    files: int = 60_000


@dataclass(frozen=True)
class LayerFile:
    path: Path
    diff_id: str
    name: str

    @property
    def hex(self) -> str:
        return self.diff_id.removeprefix("sha256:")


def word_pool(source: random.Random) -> bytes:
    """Text of made-up words with some noise; larger than a compressor's window, so slices do not repeat."""
    words = [source.randbytes(source.randint(4, 14)) for _ in range(2500)]
    weights = [1 / (rank + 2) for rank in range(len(words))]
    parts: list[bytes] = []
    size = 0
    while size < POOL:
        run = b" ".join(source.choices(words, weights, k=2000)) + source.randbytes(600)
        parts.append(run)
        size += len(run)
    return b"".join(parts)


def write_layer(
    folder: Path, name: str, *, files: int, size: int, source: random.Random, pool: bytes
) -> LayerFile:
    """A layer as an uncompressed tar; file sizes vary around the mean as in a file system."""
    path = folder / f"{name}.tar"
    mean = size / files
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(files):
            if number % DIRECTORY_FILES == 0:
                entry = tarfile.TarInfo(f"opt/{name}/{number // DIRECTORY_FILES:04d}")
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            length = min(int(source.expovariate(1 / mean)) + 1, POOL // 2)
            start = source.randrange(POOL - length)
            entry = tarfile.TarInfo(f"opt/{name}/{number // DIRECTORY_FILES:04d}/{number:06d}")
            entry.size, entry.mode = length, 0o644
            archive.addfile(entry, io.BytesIO(pool[start : start + length]))
    with path.open("rb") as stream:
        return LayerFile(path, "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest(), name)


def image_config(layers: list[LayerFile], number: int) -> bytes:
    """A config as the classic builder writes it, with the field that careless copies lose."""
    document = {
        "architecture": "amd64",
        "config": {
            "Cmd": ["/bin/true"],
            "Env": ["PATH=/usr/bin:/bin", f"IMAGE={number}"],
            "Healthcheck": {"Test": ["CMD", "/bin/true"], "Interval": 30_000_000_000},
        },
        "created": "2026-01-01T00:00:00Z",
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": layer.name} for layer in layers],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def make_layers(folder: Path, size: Size, *, seed: int) -> list[list[LayerFile]]:
    """The layers of each image: three shared ones, one shared by half of the images, and its own."""
    source = random.Random(seed)  # noqa: S311 - reproducible contents, no secret
    pool = word_pool(source)
    total = size.megabytes << 20
    base_files, base_size = int(size.files * SHARED), int(total * SHARED)
    parts = {"base": 0.6, "runtime": 0.3, "library": 0.1}
    own_files, own_size = (
        (size.files - base_files) // (size.images + 1),
        (total - base_size) // (size.images + 1),
    )

    def layer(name: str, files: int, length: int) -> LayerFile:
        return write_layer(folder, name, files=max(files, 1), size=length, source=source, pool=pool)

    base = [layer(name, int(base_files * part), int(base_size * part)) for name, part in parts.items()]
    middle = layer("middle", own_files, own_size)
    images = []
    for number in range(size.images):
        own = layer(f"image{number}", own_files, own_size)
        images.append([*base, *([middle] if number % 2 else []), own])
    return images


def write_archive(target: Path, images: list[list[LayerFile]], *, prefix: str) -> None:
    """`docker save` of all images, gzipped; each layer once."""
    entries, index, members = [], [], {}
    for number, layers in enumerate(images):
        config = image_config(layers, number)
        name = f"{prefix}/image{number}:1"
        config_path = f"blobs/sha256/{hashlib.sha256(config).hexdigest()}"
        manifest = json.dumps(oci_manifest(config, layers)).encode()
        manifest_hex = hashlib.sha256(manifest).hexdigest()
        members[config_path] = config
        members[f"blobs/sha256/{manifest_hex}"] = manifest
        paths = [f"blobs/sha256/{layer.hex}" for layer in layers]
        entries.append({"Config": config_path, "RepoTags": [name], "Layers": paths})
        index.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": f"sha256:{manifest_hex}",
                "size": len(manifest),
                "annotations": {
                    "io.containerd.image.name": f"docker.io/{name}",
                    "org.opencontainers.image.ref.name": "1",
                },
            }
        )
    members["manifest.json"] = json.dumps(entries).encode()
    members["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    members["index.json"] = json.dumps({"schemaVersion": 2, "manifests": index}).encode()
    unique = {layer.hex: layer for layers in images for layer in layers}
    with (
        gzip.GzipFile(target, "wb", compresslevel=6, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as archive,
    ):
        for layer in unique.values():
            archive.add(layer.path, f"blobs/sha256/{layer.hex}")
        for path, body in sorted(members.items()):
            entry = tarfile.TarInfo(path)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))


def oci_manifest(config: bytes, layers: list[LayerFile]) -> dict[str, object]:
    return {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer.diff_id,
                "size": layer.path.stat().st_size,
            }
            for layer in layers
        ],
    }


def generate(target: Path, size: Size, *, seed: int = 1, prefix: str = "bench") -> None:
    """Write the archive; layers lie uncompressed beside it meanwhile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="layers-") as folder:
        write_archive(target, make_layers(Path(folder), size, seed=seed), prefix=prefix)


def pack(archive: Path, folder: Path) -> None:
    """Write `images/` and the list of images in `bundle.json`, by the code that builds bundles."""
    cache = Cache(folder / "cache")
    images = DockerArchive(cache).pack(archive, sha256_file(archive), ZSTD, lambda _: None)
    blobs = folder / "images/blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for image in images:
        (blobs / image.descriptor()["digest"].removeprefix("sha256:")).write_bytes(image.manifest())
        for digest in (image.config, *(layer.digest for layer in image.layers)):
            blob = blobs / digest.removeprefix("sha256:")
            found = cache.find(blob.name)
            if found and not blob.exists():
                blob.hardlink_to(found)
    listing = {"images": [image.entry() for image in images]}
    (folder / "bundle.json").write_text(json.dumps(listing), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="archive to write, *.tar.gz")
    parser.add_argument("--images", type=int, default=Size.images)
    parser.add_argument("--megabytes", type=int, default=Size.megabytes, help="sum of the unique layers")
    parser.add_argument("--files", type=int, default=Size.files)
    options = parser.parse_args()
    generate(options.target, Size(options.images, options.megabytes, options.files))


if __name__ == "__main__":
    main()
