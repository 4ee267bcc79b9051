"""The images of a bundle, and the order in which to pull them.

Layers are unpacked in chains: a layer on other parents is another directory on
disk, named by its chain id. Two pulls that lack the same chain both unpack it,
and the containerd store keeps only one of the results. So of the images whose
first missing chain is the same one goes first, and the others follow side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Layer:
    digest: str
    size: int
    diff_id: str
    unpacked_size: int


@dataclass(frozen=True)
class Image:
    """One image, whatever number of names it has in the release."""

    names: tuple[str, ...]
    manifest: str
    manifest_size: int
    media_type: str
    config: str
    layers: tuple[Layer, ...]

    @property
    def diff_ids(self) -> list[str]:
        return [layer.diff_id for layer in self.layers]

    @property
    def chains(self) -> tuple[str, ...]:
        return chain_ids(self.diff_ids)


def parse_images(entries: Iterable[dict[str, Any]]) -> list[Image]:
    """The `images` list of a `bundle.json`; raises `ValueError` naming what is wrong."""
    found: dict[str, Image] = {}
    for entry in entries:
        try:
            image = _parse(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"image {entry.get('name', '?')}: missing or wrong: {error}") from error
        same = found.get(image.config)
        if same is None:
            found[image.config] = image
        elif same.manifest != image.manifest:
            raise ValueError(f"image {image.names[0]}: two manifests for config {image.config}")
        else:
            found[image.config] = replace(same, names=same.names + image.names)
    if not found:
        raise ValueError("it is empty")
    return list(found.values())


def _parse(entry: dict[str, Any]) -> Image:
    manifest = entry["manifest"]
    return Image(
        names=(familiar(str(entry["name"])),),
        manifest=_digest(manifest["digest"]),
        manifest_size=int(manifest["size"]),
        media_type=str(manifest["media_type"]),
        config=_digest(entry["config"]),
        layers=tuple(
            Layer(
                _digest(item["digest"]),
                int(item["size"]),
                _digest(item["diff_id"]),
                int(item["unpacked_size"]),
            )
            for item in entry["layers"]
        ),
    )


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError(f"{value!r} is not a sha256 digest")
    return value


def familiar(name: str) -> str:
    """A name as the daemon lists it: with a tag, without the default registry."""
    short = name.removeprefix("docker.io/").removeprefix("library/")
    return short if ":" in short.rpartition("/")[2] else f"{short}:latest"


def chain_ids(diff_ids: Sequence[str]) -> tuple[str, ...]:
    """The identity of each unpacked layer: itself together with everything below it."""
    chains: list[str] = []
    for diff_id in diff_ids:
        if chains:
            text = f"{chains[-1]} {diff_id}"
            chains.append("sha256:" + sha256(text.encode()).hexdigest())
        else:
            chains.append(diff_id)
    return tuple(chains)


class Schedule:
    """Hands out images to pull: `take` one that may start now, say `done` when it has landed.

    Chains are prefix-closed, so two images share a missing chain exactly when
    their first missing chains are equal; one comparison is the whole test.
    """

    def __init__(self, images: Iterable[Image], *, present: Iterable[str], exclusive: bool) -> None:
        self._waiting = list(images)
        self._present = set(present)
        self._exclusive = exclusive
        self._running: dict[str, str] = {}

    def take(self) -> Image | None:
        groups: dict[str, list[Image]] = {}
        for image in self._waiting:
            groups.setdefault(self._first_missing(image), []).append(image)
        free = [group for key, group in groups.items() if key not in self._running.values()]
        if not free:
            return None
        # the group with most to do bounds the whole run; its smallest image sets the rest of it free soonest
        group = max(free, key=lambda images: sum(map(self._work, images)))
        chosen = min(group, key=self._work)
        self._waiting.remove(chosen)
        self._running[chosen.config] = self._first_missing(chosen)
        return chosen

    def done(self, image: Image) -> None:
        del self._running[image.config]
        self._present.update(image.chains)

    def _first_missing(self, image: Image) -> str:
        if not self._exclusive:
            return image.config
        missing = (chain for chain in image.chains if chain not in self._present)
        return next(missing, image.config)

    def _work(self, image: Image) -> int:
        pairs = zip(image.layers, image.chains)
        return sum(layer.unpacked_size for layer, chain in pairs if chain not in self._present)
