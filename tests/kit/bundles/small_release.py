"""A release in the vendor's shape, a few kilobytes large."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from tests.kit.bundles.docker_archives import SavedImage, layer_tar, old_form

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE = """\
services:
  caddy: {image: "graphistry/caddy:${APP_BUILD_TAG:-latest}-universal"}
  nexus: {image: "graphistry/graphistry-nexus:${APP_BUILD_TAG}-${CUDA_SHORT_VERSION}"}
  again: {image: "graphistry/caddy:${APP_BUILD_TAG:-latest}-universal"}
"""


def write_release(path: Path) -> Path:
    base = layer_tar("etc/os-release", b"ID=demo\n" * 500)
    images = [
        SavedImage(("graphistry/caddy:v2.50.1-universal",), (base,)),
        SavedImage(("graphistry/graphistry-nexus:v2.50.1-12",), (base, layer_tar("srv/app", b"app"))),
    ]
    for name, text in {
        "VERSION": "v2.50.1\n",
        "CUDA_SHORT_VERSION": "12\n",
        ".env": "APP_BUILD_TAG=v2.50.1\n",
        "docker-compose.yml": COMPOSE,
        "graphistry": "#!/bin/sh\n",
        "data/config/custom.env": "",
    }.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    (path / "data/notebooks").mkdir()
    (path / "graphistry").chmod(0o755)
    (path / "containers.tar.gz").write_bytes(gzip.compress(old_form(*images), mtime=0))
    return path
