"""Copies of a real bundle with something wrong, side by side in one directory that a host can mount.

A copy's files are hard links to the original's, and each change replaces a link, so copies cost no space.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.checksums import SUMS, parse_sums, render_sums

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

SIGNATURE = f"{SUMS}.asc"
MANIFEST = "bundle.json"
PLATFORM = "debian-13"


class Variant:
    """One copy; names are paths inside the bundle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        self.remove(name)
        (self.path / name).write_bytes(data)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def flip(self, name: str, position: int | None = None) -> None:
        data = bytearray(self.read(name))
        data[len(data) // 2 if position is None else position] ^= 1
        self.write(name, bytes(data))

    def relist(self, *changed: str) -> None:
        """Make bundle.json and SHA256SUMS true again after these files were changed, added or removed."""
        manifest: dict[str, Any] = json.loads(self.read(MANIFEST))
        sums = parse_sums(self.read(SUMS).decode())
        for name in changed:
            if (self.path / name).exists():
                data = self.read(name)
                sums[name] = hashlib.sha256(data).hexdigest()
                manifest["files"][name] = {"size": len(data), "sha256": sums[name]}
            else:
                del sums[name], manifest["files"][name]
        self.write(MANIFEST, json.dumps(manifest, sort_keys=True).encode())
        sums[MANIFEST] = hashlib.sha256(self.read(MANIFEST)).hexdigest()
        self.write(SUMS, render_sums(sums).encode())

    def sign(self, keys: Keys, name: str) -> None:
        self.write(SIGNATURE, keys.sign(self.read(SUMS), name))


class Variants:
    """The directory of copies; `bundle` in it is the unchanged one."""

    def __init__(self, root: Path, original: Path) -> None:
        self.root = root
        self._original = original

    def add(self, name: str) -> Variant:
        shutil.copytree(self._original, self.root / name, copy_function=os.link)
        return Variant(self.root / name)


@contextmanager
def variants_of(original: Path, root: Path) -> Iterator[Variants]:
    """`root` must lie on the original's file system; it is gone afterwards."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    variants = Variants(root, original)
    variants.add("bundle")
    try:
        yield variants
    finally:
        shutil.rmtree(root)


def one_of_each_class(path: Path) -> dict[str, str]:
    """What kinds of file a bundle holds, with one file of each kind."""
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    image = json.loads((path / MANIFEST).read_bytes())["images"][0]

    def first(part: str, end: str) -> str:
        return next(name for name in names if part in name and name.endswith(end))

    def blob(digest: str) -> str:
        return f"images/blobs/{digest.replace(':', '/')}"

    return {
        "the list of checksums": SUMS,
        "the signature": SIGNATURE,
        "the installer": "install.sh",
        "the manifest": MANIFEST,
        "the lock": "lock.json",
        "the bill of materials": "sbom.cdx.json",
        "the provenance": "provenance.json",
        "a layer": blob(image["layers"][0]["digest"]),
        "an image's config": blob(image["config"]),
        "an image manifest": blob(image["manifest"]["digest"]),
        "the image index": "images/index.json",
        "the layout's mark": "images/oci-layout",
        "a package": first("/pool/", ".deb"),
        "a vendor's signature": first("/dists/", "/InRelease"),
        "a package index": first("/dists/", "/Packages.xz"),
        "a repository's key": first("/keys/", ".gpg"),
        "the bootstrap list": f"runtime/{PLATFORM}/bootstrap",
        "the list of wheels": f"runtime/{PLATFORM}/requirements.txt",
        "a wheel": first("runtime/", ".whl"),
        "a release file": "release/docker-compose.yml",
    }
