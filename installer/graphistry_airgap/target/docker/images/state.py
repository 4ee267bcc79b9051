"""Which images of a bundle a daemon already has, under which names.

"The same image" means the same config digest. The classic store uses it as the
image id. The containerd store uses the manifest's digest, and the same image
has other manifests when it came by `docker load`; there the config's digest is
read from the manifest in containerd's content store.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .endpoint import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..api import DockerApi
    from .plan import Image

LEFTOVER = re.compile(rf"127\.0\.0\.1:\d+/{PREFIX}/[0-9a-f]{{32}}@sha256:[0-9a-f]{{64}}")
LEFTOVER_PATTERN = f"127.0.0.1:*/{PREFIX}/*"
CONTAINERD_CONFIG = Path("/etc/containerd/config.toml")
CONTAINERD_ROOT = Path("/var/lib/containerd")


@dataclass(frozen=True)
class Store:
    """Where a daemon keeps images."""

    containerd: bool
    data_root: Path
    version: str

    @property
    def image_root(self) -> Path:
        """The directory whose file system fills up when images arrive."""
        if not self.containerd:
            return self.data_root
        return next((root for root in self.containerd_roots() if root.is_dir()), CONTAINERD_ROOT)

    def containerd_roots(self) -> list[Path]:
        """Candidates: the system's containerd, else the one that dockerd starts for itself."""
        return [configured_containerd_root(), self.data_root / "containerd/daemon"]


def read_store(api: DockerApi) -> Store:
    info = api.info()
    status = dict(pair for pair in info.get("DriverStatus") or [] if len(pair) == 2)
    return Store(
        containerd=str(status.get("driver-type", "")).startswith("io.containerd.snapshotter"),
        data_root=Path(info["DockerRootDir"]),
        version=str(info.get("ServerVersion", "")),
    )


def configured_containerd_root(config: Path = CONTAINERD_CONFIG) -> Path:
    try:
        found = re.search(
            r"""^\s*root\s*=\s*["']([^"']+)""", config.read_text(encoding="utf-8"), re.MULTILINE
        )
    except OSError:
        found = None
    return Path(found.group(1)) if found else CONTAINERD_ROOT


@dataclass
class Survey:
    """What the daemon has of the wanted images."""

    names: dict[str, str] = field(default_factory=dict)
    """Every name that the images should have, with the id that it points at, or an empty string."""
    present: dict[str, str] = field(default_factory=dict)
    """Config digest of a wanted image, with the id under which the daemon has it."""
    leftovers: list[str] = field(default_factory=list)
    """Loopback names that a killed import left behind."""


def survey(api: DockerApi, wanted: Sequence[Image]) -> Survey:
    """A look at each name; a list of all images, slow on the containerd store, only when one is lacking."""
    found = Survey(leftovers=leftovers(api))
    found.names = {name: api.image_id(name) for image in wanted for name in image.names}
    found.present = _by_id(wanted, found.names.values())
    missing = [image for image in wanted if image.config not in found.present]
    ids = [entry["Id"] for entry in api.images()] if missing else []
    found.present.update(_by_id(missing, ids))
    configs = {image.config for image in missing} - set(found.present)
    if configs and ids:
        store = read_store(api)
        if store.containerd:
            found.present.update(_by_manifest(store, ids, configs))
    return found


def leftovers(api: DockerApi) -> list[str]:
    entries = api.images(LEFTOVER_PATTERN)
    names = [name for entry in entries for name in entry.get("RepoDigests") or ()]
    return sorted(name for name in names if LEFTOVER.fullmatch(name))


def _by_id(images: Iterable[Image], ids: Iterable[str]) -> dict[str, str]:
    """An id is the config's digest or the manifest's, so there is no need to ask which store it is."""
    known = set(ids)
    return {
        image.config: identity
        for image in images
        for identity in (image.config, image.manifest)
        if identity in known
    }


def _by_manifest(store: Store, ids: Iterable[str], configs: set[str]) -> dict[str, str]:
    return {
        config: identity
        for identity in ids
        for config in stored_configs(store.containerd_roots(), identity)
        if config in configs
    }


def stored_configs(roots: Iterable[Path], digest: str) -> Iterator[str]:
    """Config digests behind a manifest, or behind an index of manifests, in a content store."""
    document = _stored_json(roots, digest)
    if "config" in document:
        yield document["config"]["digest"]
    for child in document.get("manifests", ()):
        inner = _stored_json(roots, child["digest"])
        if "config" in inner:
            yield inner["config"]["digest"]


def _stored_json(roots: Iterable[Path], digest: str) -> dict[str, Any]:
    name = Path("io.containerd.content.v1.content/blobs", *digest.split(":", 1))
    for root in roots:
        try:
            document = json.loads((root / name).read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(document, dict):
            return document
    return {}
