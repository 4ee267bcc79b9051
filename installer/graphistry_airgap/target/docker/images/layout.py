"""The files of a bundle's OCI layout: which of them the daemon may fetch, and whether they are whole.

Before an import their presence and sizes are looked at; the daemon checks every
digest itself. They are hashed here only to tell a damaged file from a daemon that
kept a damaged part of an earlier download.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ...host import medium
from ...host.digests import sha256
from .endpoint import BLOB, Blob
from .error import ImageImportError, damaged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .plan import Image
    from .state import Store

OLDEST_WITH_ZSTD = 23
CHUNK = 1 << 20


def servable(layout: Path, images: Sequence[Image], *, store: Store) -> dict[str, Blob]:
    """The files that the daemon may ask for, after a look whether it can use them."""
    blobs: dict[str, Blob] = {}
    for image in images:
        manifest = _blob(layout, image, image.manifest, size=image.manifest_size, media_type=image.media_type)
        document = _read_manifest(manifest, image)
        blobs[image.manifest] = manifest
        for part in (document["config"], *document["layers"]):
            blobs[part["digest"]] = _blob(layout, image, part["digest"], size=part["size"])
        zstd = any(str(part["mediaType"]).endswith("zstd") for part in document["layers"])
        if zstd and _major(store.version) < OLDEST_WITH_ZSTD:
            raise ImageImportError(
                f"Docker {store.version} cannot read the zstd layers of {image.names[0]}; "
                f"Docker {OLDEST_WITH_ZSTD}.0 or newer is needed",
                code="docker-too-old",
                hint="install the bundle's own Docker packages, or update Docker, then run again",
                details={"image": image.names[0], "found": store.version, "needed": f"{OLDEST_WITH_ZSTD}.0"},
            )
    return blobs


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found.group()) if found else OLDEST_WITH_ZSTD


def _blob(layout: Path, image: Image, digest: str, *, size: int, media_type: str = BLOB) -> Blob:
    path = _path(layout, digest)
    found = path.stat().st_size if path.is_file() and not path.is_symlink() else None
    if found != size:
        state = "is missing" if found is None else f"has {found} bytes instead of {size}"
        raise damaged(image.names[0], f"{path} {state}")
    return Blob(path, size, media_type)


def _read_manifest(manifest: Blob, image: Image) -> dict[str, Any]:
    try:
        # the daemon compares the manifest with its digest; so it is here, where it steers what is served
        sha256 = image.manifest.partition(":")[2]
        document: dict[str, Any] = json.loads(medium.read(manifest.path, name="the manifest", sha256=sha256))
        parts = [document["config"], *document["layers"]]
        listed = [image.config, *(layer.digest for layer in image.layers)]
        if [part["digest"] for part in parts] != listed:
            raise ValueError("it names another config or other layers than the bundle's list of images")
        if not all(isinstance(part["size"], int) and part["mediaType"] for part in parts):
            raise ValueError("a size or media type is missing")
    except (medium.MediumError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(image.names[0], f"manifest {manifest.path} cannot be used: {error}") from error
    return document


def first_damaged(layout: Path, image: Image) -> Path | None:
    """A file of this image that cannot be read, or whose content is not what its name says."""
    for digest in (image.manifest, image.config, *(layer.digest for layer in image.layers)):
        path = _path(layout, digest)
        try:
            if _sha256(path) != digest:
                return path
        except OSError:
            return path
    return None


def _sha256(path: Path) -> str:
    content = sha256()
    with medium.opened(path) as stream:
        while chunk := stream.read(CHUNK):
            content.update(chunk)
    return f"sha256:{content.hexdigest()}"


def _path(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")
