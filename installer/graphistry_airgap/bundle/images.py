"""Container images as the bundle holds them: the vendor's configs, layers recompressed.

The manifest is an OCI one, because Docker's schema 2 knows no zstd layers; it is
written over the vendor's unchanged config bytes, so that the image id (the config's
digest) stays what `docker load` of the vendor's archive gives.  Layers are zstd where
every daemon that the bundle is for reads it, else gzip.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from graphistry_airgap.core.canonical import canonical_json, sha256_hex

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
NAME_ANNOTATION = "org.opencontainers.image.ref.name"
ZSTD, GZIP = "zstd", "gzip"


@dataclass(frozen=True)
class Layer:
    """One layer: `digest` and `size` of the compressed blob, `diff_id` and `unpacked_size` of its tar."""

    digest: str
    size: int
    diff_id: str
    unpacked_size: int


@dataclass(frozen=True)
class Image:
    """One image under one name; `config` is its digest, which is the image id."""

    name: str
    config: str
    config_size: int
    layers: tuple[Layer, ...]
    compression: str = ZSTD

    def manifest(self) -> bytes:
        return canonical_json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": {"mediaType": CONFIG_TYPE, "digest": self.config, "size": self.config_size},
                "layers": [
                    {
                        "mediaType": LAYER_TYPE + self.compression,
                        "digest": layer.digest,
                        "size": layer.size,
                    }
                    for layer in self.layers
                ],
            }
        )

    def descriptor(self) -> dict[str, Any]:
        """Digest, size and media type of the manifest."""
        data = self.manifest()
        return {"digest": f"sha256:{sha256_hex(data)}", "size": len(data), "media_type": MANIFEST_TYPE}

    def entry(self) -> dict[str, Any]:
        """The image as it stands in bundle.json."""
        return {
            "name": self.name,
            "manifest": self.descriptor(),
            "config": self.config,
            "layers": [asdict(layer) for layer in self.layers],
        }

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Image:
        return cls(**{**value, "layers": tuple(Layer(**layer) for layer in value["layers"])})


def layout_index(images: list[Image]) -> bytes:
    """index.json of an OCI layout that names every image."""
    return canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [
                {
                    "mediaType": MANIFEST_TYPE,
                    "digest": image.descriptor()["digest"],
                    "size": image.descriptor()["size"],
                    "annotations": {NAME_ANNOTATION: image.name},
                }
                for image in images
            ],
        }
    )


def familiar_name(name: str) -> str:
    """A reference as `docker save` writes it: no default registry, always a tag."""
    short = name.removeprefix("docker.io/").removeprefix("library/")
    last = short.rpartition("/")[2]
    return short if ":" in last or "@" in short else f"{short}:latest"
