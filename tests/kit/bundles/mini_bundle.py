"""A small but complete bundle directory made by hand, and ways to spoil it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.checksums import render_sums
from graphistry_airgap.bundle.manifest import blob_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

PLATFORM = "debian-13"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class MiniBundle:
    """Files in memory until `write`; `manifest` may be changed before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, bytes] = {
            "install.sh": b"#!/bin/sh\nexit 0\n",
            "lock.json": b"{}\n",
            "release/VERSION": b"v2.50.1\n",
            f"packages/{PLATFORM}/keys/debian.gpg": b"key",
            f"packages/{PLATFORM}/debian/pool/main/p/python3_3.13.5-1_amd64.deb": b"a package",
            f"runtime/{PLATFORM}/requirements.txt": b"pip==25.3\n",
            f"runtime/{PLATFORM}/pip-25.3-py3-none-any.whl": b"a wheel",
        }
        self.manifest: dict[str, Any] = {
            "schema": 1,
            "id": "0" * 32,
            "created": "2026-11-20T08:00:00Z",
            "tool": {"minimum": "0.1.0", "reason": "bundle schema 1"},
            "release": {"version": "v2.50.1", "cuda": "12", "path": "release"},
            "platforms": {
                PLATFORM: {
                    "architecture": "amd64",
                    "repositories": [
                        {
                            "name": "debian",
                            "path": f"packages/{PLATFORM}/debian",
                            "suite": "trixie",
                            "components": ["main"],
                            "signed_by": f"packages/{PLATFORM}/keys/debian.gpg",
                        }
                    ],
                    "packages": {
                        "python": [{"name": "python3", "version": "3.13.5-1", "architecture": "amd64"}]
                    },
                    "runtime": f"runtime/{PLATFORM}",
                }
            },
            "images": [],
        }
        self.add_image("graphistry/caddy:v2.50.1-universal", [b"layer one", b"layer two"])

    def add_image(self, name: str, layers: list[bytes]) -> None:
        config = self._blob(json.dumps({"os": "linux", "name": name}).encode())
        entries = [
            {"digest": self._blob(layer), "size": len(layer), "diff_id": f"sha256:{sha256(b'x' + layer)}"}
            for layer in layers
        ]
        document = {"schemaVersion": 2, "config": {"digest": config}, "layers": entries}
        raw = json.dumps(document).encode()
        digest, media_type = self._blob(raw), "application/vnd.oci.image.manifest.v1+json"
        self.manifest["images"].append(
            {
                "name": name,
                "manifest": {"digest": digest, "size": len(raw), "media_type": media_type},
                "config": config,
                "layers": [{**entry, "unpacked_size": 10} for entry in entries],
            }
        )
        manifests = [{"digest": image["manifest"]["digest"]} for image in self.manifest["images"]]
        self.files["images/oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        self.files["images/index.json"] = json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()

    def _blob(self, data: bytes) -> str:
        digest = f"sha256:{sha256(data)}"
        self.files[blob_path(digest)] = data
        return digest

    def write(self) -> None:
        """bundle.json and SHA256SUMS from what is there, then everything to disk; no signature yet."""
        entries = {path: {"size": len(data), "sha256": sha256(data)} for path, data in self.files.items()}
        self.files["bundle.json"] = json.dumps({**self.manifest, "files": entries}, indent=1).encode()
        sums = render_sums({path: sha256(data) for path, data in self.files.items()})
        for path, data in self.files.items():
            target = self.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        (self.path / "SHA256SUMS").write_text(sums, encoding="utf-8")

    def restore(self, path: str) -> None:
        (self.path / path).write_bytes(self.files[path])

    def sign(self, keys: Keys, *names: str) -> None:
        """The first key makes SHA256SUMS.asc, further ones a file of their own."""
        data = (self.path / "SHA256SUMS").read_bytes()
        for number, name in enumerate(names):
            suffix = f".{keys.fingerprint(name)}.asc" if number else ".asc"
            (self.path / f"SHA256SUMS{suffix}").write_bytes(keys.sign(data, name))


def flip_byte(path: Path, position: int | None = None) -> None:
    """Change one bit of one byte, in the middle unless told."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if position is None else position] ^= 1
    path.write_bytes(bytes(data))
