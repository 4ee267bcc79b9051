"""Bring a bundle's images into the local Docker daemon.

The daemon pulls them by digest from a loopback endpoint, gives them the names of
the release and loses the loopback name. What is present is not touched, only its
names are set; what a killed import left behind is taken up or cleared away first.
"""

from __future__ import annotations

import queue
import re
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...change import Change, answer, compared
from ...host import full_disk
from ..api import DockerApi, DockerError, DockerUnreachableError
from .endpoint import Registry
from .error import ImageImportError, damaged, refused, unreachable
from .layout import first_damaged, servable
from .plan import Image, Schedule
from .state import Store, Survey, leftovers, read_store, survey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# more than cores: a pull waits for the disk and for the daemon's locks as often as it computes
WORKERS = 8
SUBJECT = "images"
# containerd keeps a damaged download until its next collection, and offers it to the next pull
PATIENCE = (1, 2, 4, 8, 16)
DAMAGE = re.compile(
    r"verification failed|unexpected commit (digest|size)|size validation|invalid checksum|unexpected EOF"
)


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
    def changes(self) -> list[Change]:
        """Names that get another image: one that is here by its id there, one that comes by its config."""
        configs = {name: image.config for image in self.pull for name in image.names}
        before = {one.name: {"id": one.old} if one.old else None for one in self.name}
        after = {one.name: {"id": one.id} for one in self.name}
        before |= {name: {"id": old} for name in configs if (old := self.replaced.get(name))}
        after |= {name: {"config": config} for name, config in configs.items()}
        gone = {name: {"leftover": True} for name in self.leftovers}
        return [*compared(SUBJECT, "image", before, after), *compared(SUBJECT, "image", gone, {})]

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
        self._workers = workers or WORKERS

    def plan(self) -> ImportPlan:
        try:
            return make_plan(self._images, survey(self._api, self._images))
        except DockerUnreachableError as error:
            raise unreachable(error) from error
        except DockerError as error:
            raise refused("the host's images could not be read", str(error)) from error

    def apply(self, plan: ImportPlan) -> int:
        """Carry the plan out; returns the number of bytes that the daemon fetched."""
        try:
            return self._apply(plan)
        except DockerUnreachableError as error:
            raise unreachable(error) from error
        except DockerError as error:
            raise refused("a name could not be set or dropped", str(error)) from error

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
        with Registry(blobs) as registry:
            failures = self._pull_all(schedule, registry.repository)
            sent = registry.bytes_sent
        if failures:
            self._sweep()
            raise _explain(*failures[0], store=store, plan=plan)
        return sent

    def _pull_all(self, schedule: Schedule, repository: str) -> list[tuple[Image, Exception]]:
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
            while running < self._workers and not failures and (image := schedule.take()):
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
        self._fetch(image, repository)
        loopback = f"{repository}@{image.manifest}"
        seen = self._api.inspect(loopback)
        layers = (seen.get("RootFS") or {}).get("Layers") or []
        if seen["Id"] not in (image.config, image.manifest) or layers != image.diff_ids:
            self._api.untag(loopback)
            raise DockerError(f"the image arrived as {seen['Id']} with {len(layers)} layers")
        for name in image.names:
            self._tag(seen["Id"], name)
        self._api.untag(loopback)

    def _fetch(self, image: Image, repository: str) -> None:
        for pause in PATIENCE:
            try:
                self._api.pull(repository, image.manifest)
            except DockerError as error:
                if not DAMAGE.search(str(error)):
                    raise
                if path := first_damaged(self._layout, image):
                    raise damaged(
                        image.names[0], f"{path} is damaged or unreadable; the daemon says: {error}"
                    ) from error
            else:
                return
            time.sleep(pause)
        self._api.pull(repository, image.manifest)

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


def _explain(image: Image, error: Exception, *, store: Store, plan: ImportPlan) -> ImageImportError:
    """Turn the daemon's words into an error with a next step."""
    name, words = image.names[0], str(error)
    if isinstance(error, ImageImportError):
        return error
    if isinstance(error, DockerUnreachableError):
        return unreachable(error)
    if full_disk.WORDS in words.lower():
        return _disk_full(name, words, store=store, plan=plan)
    return refused(f"image {name} could not be imported", words, version=store.version)


def _disk_full(name: str, words: str, *, store: Store, plan: ImportPlan) -> ImageImportError:
    have = {layer.diff_id for image in plan.present for layer in image.layers}
    missing = {la.diff_id: la for image in plan.pull for la in image.layers if la.diff_id not in have}
    needed = sum(la.unpacked_size + la.size for la in missing.values())
    existing = next(path for path in (store.image_root, *store.image_root.parents) if path.is_dir())
    available = shutil.disk_usage(existing).free
    return ImageImportError(
        f"{words}\nno space left for image {name} in {store.image_root}: about {needed} bytes were needed "
        f"for all missing images; {full_disk.reason(existing)}",
        code="disk-full",
        hint=f"make room in the file system of {store.image_root}, of what is used up there; then run again: "
        "what has landed stays",
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
        **answer(plan.changes),
        "imported": sorted(name for image in plan.pull for name in image.names),
        "named": sorted(old, key=lambda item: item["name"]),
        "present": sorted(name for image in plan.present for name in image.names),
        "bytes": sent,
        "seconds": round(time.monotonic() - started, 3),
    }
