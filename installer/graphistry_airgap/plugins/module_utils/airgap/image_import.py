"""Bring a bundle's images into the local Docker daemon.

The daemon pulls them by digest from a loopback endpoint, gives them the names of
the release and loses the loopback name. What is present is not touched, only its
names are set; what a killed import left behind is taken up or cleared away first.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .docker_api import DockerApi, DockerError, DockerUnreachableError
from .image_plan import Image, Schedule
from .image_state import Store, Survey, leftovers, read_store, survey
from .registry import BLOB, Blob, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OLDEST_WITH_ZSTD = 23
MOST_WORKERS = 8
DAMAGE = re.compile(r"verification failed|unexpected commit (digest|size)|size validation|invalid checksum")


class ImageImportError(Exception):
    """An import that cannot go on: what was found, and what to do next."""

    def __init__(self, message: str, *, code: str, hint: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.details = details or {}


@dataclass(frozen=True)
class Naming:
    """One name to set; `old` is the id that it points at until then, or empty."""

    name: str
    id: str
    old: str = ""


@dataclass
class ImportPlan:
    pull: list[Image] = field(default_factory=list)
    name: list[Naming] = field(default_factory=list)
    present: list[Image] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    """Names of images to pull that point at another image now, with that image's id."""

    @property
    def changes(self) -> bool:
        return bool(self.pull or self.name or self.leftovers)

    @property
    def layers_to_send(self) -> dict[str, int]:
        """Digest and compressed size of the layers that no present image of the bundle has."""
        have = {layer.diff_id for image in self.present for layer in image.layers}
        return {la.digest: la.size for image in self.pull for la in image.layers if la.diff_id not in have}


def make_plan(images: Sequence[Image], found: Survey) -> ImportPlan:
    plan = ImportPlan(leftovers=found.leftovers)
    for image in images:
        identity = found.present.get(image.config)
        wrong = {name: found.names[name] for name in image.names if found.names[name] != identity}
        if identity is None:
            plan.pull.append(image)
            plan.replaced.update({name: old for name, old in wrong.items() if old})
        else:
            plan.present.append(image)
            plan.name += [Naming(name, identity, old) for name, old in wrong.items()]
    return plan


class ImageImport:
    """One import: `plan` only reads, `apply` changes."""

    def __init__(self, layout: Path, images: Sequence[Image], *, api: DockerApi, workers: int = 0) -> None:
        self._layout = layout
        self._images = images
        self._api = api
        self._workers = workers

    def plan(self) -> ImportPlan:
        try:
            return make_plan(self._images, survey(self._api, self._images))
        except (DockerError, DockerUnreachableError) as error:
            raise _unreachable(error) from error

    def apply(self, plan: ImportPlan) -> int:
        """Carry the plan out; returns the number of bytes that the daemon fetched."""
        try:
            return self._apply(plan)
        except DockerUnreachableError as error:
            raise _unreachable(error) from error

    def _apply(self, plan: ImportPlan) -> int:
        for naming in plan.name:
            self._tag(naming.id, naming.name)
        # after the names: what a killed run pulled but did not name yet is wanted
        for name in plan.leftovers:
            self._untag(name)
        if not plan.pull:
            return 0
        store = read_store(self._api)
        blobs = servable(self._layout, plan.pull, store=store)
        present = [chain for image in plan.present for chain in image.chains]
        schedule = Schedule(plan.pull, present=present, exclusive=store.containerd)
        workers = self._workers or workers_for(store)
        with Registry(blobs) as registry:
            failures = self._pull_all(schedule, registry.repository, workers=workers)
            sent = registry.bytes_sent
        if failures:
            self._sweep()
            raise _explain(*failures[0], store=store, plan=plan)
        return sent

    def _pull_all(
        self, schedule: Schedule, repository: str, *, workers: int
    ) -> list[tuple[Image, Exception]]:
        """Pull until all have landed; after a failure start nothing new, but let the others land."""
        landed: queue.SimpleQueue[tuple[Image, Exception | None]] = queue.SimpleQueue()
        failures: list[tuple[Image, Exception]] = []
        running = 0

        def work(image: Image) -> None:
            try:
                self._pull(image, repository)
            except Exception as error:
                landed.put((image, error))
            else:
                landed.put((image, None))

        while True:
            while running < workers and not failures and (image := schedule.take()):
                # daemon threads: an interrupted run ends at once, and the daemon then drops its pulls
                threading.Thread(target=work, args=(image,), daemon=True).start()
                running += 1
            if not running:
                return failures
            done, error = landed.get()
            running -= 1
            if error:
                failures.append((done, error))
            else:
                schedule.done(done)

    def _pull(self, image: Image, repository: str) -> None:
        self._api.pull(repository, image.manifest)
        loopback = f"{repository}@{image.manifest}"
        seen = self._api.inspect(loopback)
        layers = (seen.get("RootFS") or {}).get("Layers") or []
        if seen["Id"] not in (image.config, image.manifest) or layers != image.diff_ids:
            self._api.untag(loopback)
            raise DockerError(f"the image arrived as {seen['Id']} with {len(layers)} layers")
        for name in image.names:
            self._tag(seen["Id"], name)
        self._api.untag(loopback)

    def _tag(self, identity: str, name: str) -> None:
        repository, _, tag = name.rpartition(":")
        self._api.tag(identity, repository=repository, tag=tag)

    def _untag(self, name: str) -> None:
        try:
            self._api.untag(name)
        except DockerError as error:
            if error.status != 404:
                raise

    def _sweep(self) -> None:
        """Clear loopback names after a failure; that failure is what must be reported, not this one's."""
        try:
            for name in leftovers(self._api):
                self._untag(name)
        except (DockerError, DockerUnreachableError):
            pass


def workers_for(store: Store) -> int:
    """Each pull into the containerd store is a core's work; the classic store's pulls mostly wait."""
    return min(MOST_WORKERS, (os.cpu_count() or 1) + 2) if store.containerd else MOST_WORKERS


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
    path = layout / "blobs" / digest.replace(":", "/")
    found = path.stat().st_size if path.is_file() else None
    if found != size:
        state = "is missing" if found is None else f"has {found} bytes instead of {size}"
        raise _damaged(image, f"{path} {state}")
    return Blob(path, size, media_type)


def _read_manifest(manifest: Blob, image: Image) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(manifest.path.read_bytes())
        parts = [document["config"], *document["layers"]]
        listed = [image.config, *(layer.digest for layer in image.layers)]
        if [part["digest"] for part in parts] != listed:
            raise ValueError("it names another config or other layers than the bundle's list of images")
        if not all(isinstance(part["size"], int) and part["mediaType"] for part in parts):
            raise ValueError("a size or media type is missing")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(image, f"manifest {manifest.path} cannot be used: {error}") from error
    return document


def _damaged(image: Image, found: str) -> ImageImportError:
    return ImageImportError(
        f"image {image.names[0]}: {found}",
        code="bundle-damaged",
        hint="run `graphistry-airgap bundle verify` on the bundle and carry the named files over again",
        details={"image": image.names[0]},
    )


def _unreachable(error: Exception) -> ImageImportError:
    return ImageImportError(
        f"the Docker daemon does not answer: {error}",
        code="docker-unreachable",
        hint="see `systemctl status docker` and `journalctl -u docker`, start it, then run again",
    )


def _explain(image: Image, error: Exception, *, store: Store, plan: ImportPlan) -> ImageImportError:
    """Turn the daemon's words into an error with a next step."""
    name, words = image.names[0], str(error)
    if isinstance(error, DockerUnreachableError):
        return _unreachable(error)
    if "no space left on device" in words.lower():
        return _disk_full(name, words, store=store, plan=plan)
    if DAMAGE.search(words):
        return _damaged(image, f"the daemon refuses a blob: {words}")
    return ImageImportError(
        f"image {name} could not be imported; Docker {store.version} says: {words}",
        code="image-import-failed",
        hint="see `journalctl -u docker`; images that have landed stay, so a second run goes on from here",
        details={"image": name, "daemon": words},
    )


def _disk_full(name: str, words: str, *, store: Store, plan: ImportPlan) -> ImageImportError:
    have = {layer.diff_id for image in plan.present for layer in image.layers}
    missing = {la.diff_id: la for image in plan.pull for la in image.layers if la.diff_id not in have}
    needed = sum(la.unpacked_size + la.size for la in missing.values())
    existing = next(path for path in (store.image_root, *store.image_root.parents) if path.is_dir())
    available = shutil.disk_usage(existing).free
    return ImageImportError(
        f"no space left for image {name} in {store.image_root}: about {needed} bytes were needed for all "
        f"missing images, {available} are free now; Docker says: {words}",
        code="disk-full",
        hint=f"give the file system of {store.image_root} more space, then run again; what has landed stays",
        details={"image": name, "path": str(store.image_root), "needed": needed, "available": available},
    )


def import_images(task: ImageImport, *, check_mode: bool) -> dict[str, Any]:
    """Plan, carry out unless in check mode, and tell what was or would be done."""
    started = time.monotonic()
    plan = task.plan()
    sent = sum(plan.layers_to_send.values()) if check_mode else task.apply(plan)
    old = [{"name": item.name, "id": item.id, "old": item.old} for item in plan.name]
    old += [
        {"name": name, "id": image.config, "old": plan.replaced.get(name, "")}
        for image in plan.pull
        for name in image.names
        if name in plan.replaced
    ]
    return {
        "changed": plan.changes,
        "imported": sorted(name for image in plan.pull for name in image.names),
        "named": sorted(old, key=lambda item: item["name"]),
        "present": sorted(name for image in plan.present for name in image.names),
        "bytes": sent,
        "seconds": round(time.monotonic() - started, 3),
    }
