"""Layers of container images made entry by entry, and images of them packed into a cache."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

from graphistry_airgap.connected.images.docker_archive import DockerArchive
from graphistry_airgap.connected.images.read_contents import ImageContents
from graphistry_airgap.core.canonical import sha256_hex
from tests.kit.bundles.docker_archives import SavedImage, old_form

if TYPE_CHECKING:
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.images.contents import Contents

STATUS = "var/lib/dpkg/status"


def layer(*entries: tuple[str, bytes | str | None] | tarfile.TarInfo) -> bytes:
    """(path, bytes) is a file, (path, None) a directory, (path, "-> x") a link, (path, "=> x") a hard one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
                continue
            path, content = entry
            info = tarfile.TarInfo(path)
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type = tarfile.SYMTYPE if content.startswith("->") else tarfile.LNKTYPE
                info.linkname = content[3:]
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def status(*packages: str, state: str = "install ok installed") -> bytes:
    """A dpkg status; a package is `name=version`."""
    stanzas = []
    for one in packages:
        name, version = one.split("=")
        stanzas.append(
            f"Package: {name}\nStatus: {state}\nArchitecture: amd64\nVersion: {version}\n"
            "Description: short\n long, with a\n Version: of its own\n"
        )
    return "\n".join(stanzas).encode()


def metadata(name: str, version: str, *more: str) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more, "", "Name: not this"]
    return "\n".join(lines).encode()


def read_image(cache: Cache, path: Path, *layers: bytes, compression: str = "zstd") -> Contents:
    """What is found in one image of these layers."""
    path.write_bytes(gzip.compress(old_form(SavedImage(("demo:1",), layers)), mtime=0))
    (image,) = DockerArchive(cache).pack(path, sha256_hex(path.read_bytes()), compression, lambda _: None)
    return ImageContents(cache).read([image])[image.config]
