"""`docker save` archives made by hand, in the old and in the new form."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import Any


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def layer_tar(name: str, content: bytes) -> bytes:
    return _tar([(name, content)])


@dataclass(frozen=True)
class SavedImage:
    tags: tuple[str, ...]
    layers: tuple[bytes, ...]
    extra: str = ""

    def config(self) -> bytes:
        # blanks and key order as no JSON library would write them: they must survive
        diff_ids = json.dumps([f"sha256:{digest(layer)}" for layer in self.layers])
        return (
            '{ "os":"linux",  "architecture":"amd64", "config":{"Healthcheck":{"Test":["CMD","true"]}}, '
            f'"extra": "{self.extra}", "rootfs":{{"type":"layers","diff_ids":{diff_ids}}} }}'
        ).encode()


def old_form(*images: SavedImage) -> bytes:
    """`<id>/layer.tar`, a repeated layer as a symbolic link, `manifest.json` last."""
    members: list[tuple[str, bytes | str]] = []
    first: dict[bytes, str] = {}
    manifest = []
    for number, image in enumerate(images):
        paths = []
        for index, layer in enumerate(image.layers):
            folder = digest(f"{number}/{index}".encode())
            members.append((f"{folder}/VERSION", b"1.0"))
            members.append((f"{folder}/json", b"{}"))
            path = f"{folder}/layer.tar"
            members.append((path, f"../{first[layer]}" if layer in first else layer))
            first.setdefault(layer, path)
            paths.append(path)
        name = f"{digest(image.config())}.json"
        members.append((name, image.config()))
        manifest.append({"Config": name, "RepoTags": list(image.tags) or None, "Layers": paths})
    return _tar([*members, ("manifest.json", json.dumps(manifest).encode())])


def new_form(*images: SavedImage, compressed: bool = False) -> bytes:
    """`blobs/sha256/…` with an OCI layout around, as Docker 25 and newer write it."""
    blobs: dict[str, bytes] = {}
    manifest: list[dict[str, Any]] = []
    for image in images:
        stored = [gzip.compress(layer, mtime=0) if compressed else layer for layer in image.layers]
        blobs |= {digest(data): data for data in [*stored, image.config()]}
        manifest.append(
            {
                "Config": f"blobs/sha256/{digest(image.config())}",
                "RepoTags": list(image.tags),
                "Layers": [f"blobs/sha256/{digest(data)}" for data in stored],
            }
        )
    members = [(f"blobs/sha256/{name}", data) for name, data in sorted(blobs.items())]
    return _tar([*members, ("index.json", b"{}"), ("manifest.json", json.dumps(manifest).encode())])


def _tar(members: list[tuple[str, bytes | str]] | list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
