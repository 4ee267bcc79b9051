"""A tiny OCI layout and the bundle's list of its images, made from names of layers."""

from __future__ import annotations

import hashlib
import json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class ImageLayout:
    """`add` images; `entries` is what `bundle.json` says about them."""

    def __init__(self, path, *, compression="zstd"):
        self.path = path
        self.compression = compression
        self.entries = []

    def put(self, body):
        digest = hashlib.sha256(body).hexdigest()
        path = self.path / "blobs/sha256" / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return f"sha256:{digest}"

    def blob(self, digest):
        return self.path / "blobs" / digest.replace(":", "/")

    def add(self, name, *layers):
        listed = [self._layer(text) for text in layers]
        config = json.dumps(
            {"rootfs": {"type": "layers", "diff_ids": [layer["diff_id"] for layer in listed]}, "x": layers}
        ).encode()
        kind = f"application/vnd.oci.image.layer.v1.tar+{self.compression}"
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": "x", "digest": self.put(config), "size": len(config)},
                "layers": [
                    {"mediaType": kind, "digest": layer["digest"], "size": layer["size"]} for layer in listed
                ],
            }
        ).encode()
        entry = {
            "name": name,
            "manifest": {"digest": self.put(manifest), "size": len(manifest), "media_type": MANIFEST},
            "config": self.put(config),
            "layers": listed,
        }
        self.entries.append(entry)
        return entry

    def _layer(self, text):
        raw = f"layer {text}".encode()
        packed = b"packed " + raw
        return {
            "digest": self.put(packed),
            "size": len(packed),
            "diff_id": "sha256:" + hashlib.sha256(raw).hexdigest(),
            "unpacked_size": len(raw),
        }
