"""How long images take to arrive: `docker load` of the vendor's archive against the import from the bundle.

Both run in turn on the same sealed host with an empty data root and cold caches, then once more on the full
one. Ratios are `docker load`'s median time divided by ours; the set with the smaller one counts for a store.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.image_set import Size, generate, pack
from lab.hosts.engine_host import STORES, EngineHost, make_image

ROOT = Path(__file__).resolve().parents[1]
SETS = ("demo", "generated")
METHODS = ("load", "import")
UNCHANGED_PER_LOAD = 3

# runs on the host; the time of a whole process, its start included
TIMER = """
import subprocess, sys, time
started = time.monotonic()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
seconds = time.monotonic() - started
if done.returncode:
    sys.exit(done.stdout + done.stderr)
print(seconds)
print(done.stdout)
"""
IMPORT = """
import json, resource, sys
from pathlib import Path
sys.path.insert(0, "/opt/source")
from graphistry_airgap.target.docker.api import DockerApi
from graphistry_airgap.target.docker.images.bring import ImageImport, import_images
from graphistry_airgap.target.docker.images.plan import parse_images
layout, listing, workers = sys.argv[1:]
images = parse_images(json.loads(Path(listing).read_bytes())["images"])
task = ImageImport(Path(layout), images, api=DockerApi(), workers=int(workers))
result = import_images(task, check_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10, result["seconds"])
"""


@dataclass(frozen=True)
class ImageSet:
    """One set of images in both forms."""

    name: str
    archive: Path
    layout: Path
    listing: Path

    @property
    def entries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.listing.read_bytes())["images"]
        return found

    def sizes(self) -> dict[str, int]:
        layers = {layer["diff_id"]: layer for entry in self.entries for layer in entry["layers"]}
        return {
            "images": len(self.entries),
            "layers": len(layers),
            "unpacked": sum(layer["unpacked_size"] for layer in layers.values()),
            "archive": self.archive.stat().st_size,
            "layout": sum(layer["size"] for layer in layers.values()),
        }

    def mounts(self) -> list[str]:
        forms = {"archive": self.archive, "layout": self.layout, "listing": self.listing}
        return [f"{path}:/media/{self.name}/{form}:ro" for form, path in forms.items()]

    def command(self, method: str, workers: int) -> list[str]:
        media = f"/media/{self.name}"
        if method == "load":
            return ["docker", "load", "-q", "-i", f"{media}/archive"]
        return ["python3", "-B", "-c", IMPORT, f"{media}/layout", f"{media}/listing", str(workers)]


def demo_set() -> ImageSet:
    demo = ROOT / "build/demo"
    return ImageSet(
        "demo", demo / "release/containers.tar.gz", demo / "bundle/images", demo / "bundle/bundle.json"
    )


def generated_set(size: Size) -> ImageSet:
    """Made once for each size."""
    folder = ROOT / f"build/bench/sets/{size.images}-{size.megabytes}-{size.files}"
    archive, listing = folder / "containers.tar.gz", folder / "bundle.json"
    if not listing.is_file():
        generate(archive, size)
        pack(archive, folder)
    return ImageSet("generated", archive, folder / "images", listing)


class TemporaryPeak:
    """Watches the daemon's temporary files: `docker load`'s copy, downloads, blobs that are not complete."""

    def __init__(self, host: EngineHost) -> None:
        self._folders = [
            host.volume("docker") / "tmp",
            host.volume("containerd") / "io.containerd.content.v1.content/ingest",
        ]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0

    def __enter__(self) -> TemporaryPeak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            self.bytes = max(self.bytes, sum(map(allocated, self._folders)))


def allocated(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


@dataclass(frozen=True)
class Timing:
    """One process; `work` is what our import says about itself, without the start of a Python process."""

    process: float
    work: float
    memory: int = 0


def timed(host: EngineHost, images: ImageSet, method: str, workers: int) -> Timing:
    said = host.require(["python3", "-c", TIMER, *images.command(method, workers)]).split("\n")
    process = float(said[0])
    if method == "load":
        return Timing(process, process)
    memory, work = said[1].split()
    return Timing(process, float(work), int(memory))


def cold() -> None:
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def run_once(host: EngineHost, images: ImageSet, method: str, workers: int) -> dict[str, Any]:
    """A fresh import with cold caches, then the same again with nothing to do and warm caches."""
    host.fresh()
    cold()
    load = os.getloadavg()[0]
    with TemporaryPeak(host) as temporary:
        fresh = timed(host, images, method, workers)
    started = time.monotonic()
    host.require(["sync"])
    synced = time.monotonic() - started
    repeats = UNCHANGED_PER_LOAD if method == "import" else 1
    row = {
        "method": method,
        "load_average": load,
        "fresh": [asdict(fresh)],
        "unchanged": [asdict(timed(host, images, method, workers)) for _ in range(repeats)],
        "sync": synced,
        "temporary_bytes": temporary.bytes,
    }
    print(host.store, images.name, json.dumps(row), file=sys.stderr, flush=True)
    return row


def median(rows: list[dict[str, Any]], method: str, kind: str, clock: str) -> float:
    return statistics.median(timing[clock] for row in rows if row["method"] == method for timing in row[kind])


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = {
        kind: {
            "load": median(rows, "load", kind, "process"),
            "import": median(rows, "import", kind, "process"),
            "import_work": median(rows, "import", kind, "work"),
        }
        for kind in ("fresh", "unchanged")
    }
    ours = [row for row in rows if row["method"] == "import"]
    fresh, unchanged = seconds["fresh"], seconds["unchanged"]
    return {
        "fresh_ratio": round(fresh["load"] / fresh["import"], 2),
        "unchanged_ratio": round(unchanged["load"] / unchanged["import_work"], 1),
        "unchanged_process_ratio": round(unchanged["load"] / unchanged["import"], 1),
        "median_seconds": seconds,
        "temporary_bytes": max(row["temporary_bytes"] for row in ours),
        "peak_memory": max(timing["memory"] for row in ours for timing in row["fresh"]),
        "rows": rows,
    }


def measure(store: str, sets: list[ImageSet], *, runs: int, workers: int) -> dict[str, Any]:
    host = EngineHost(f"airgap-bench-{store}", store)
    host.stop()
    with host:
        host.boot(
            mounts=[f"{ROOT / 'installer'}:/opt/source:ro", *(m for images in sets for m in images.mounts())]
        )
        versions = {
            "docker": host.require(["docker", "version", "-f", "{{.Server.Version}}"]).strip(),
            "containerd": host.require(["containerd", "--version"]).split()[2],
        }
        results = {
            images.name: summarise(
                [run_once(host, images, method, workers) for _ in range(runs) for method in METHODS]
            )
            for images in sets
        }
    return {
        **{
            name: min(result[name] for result in results.values())
            for name in ("fresh_ratio", "unchanged_ratio", "unchanged_process_ratio")
        },
        "versions": versions,
        "sets": results,
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each method, in turn (default %(default)s)")
    parser.add_argument("--store", choices=STORES, action="append", help="default: both")
    parser.add_argument("--set", choices=SETS, action="append", dest="sets", help="default: both")
    parser.add_argument("--workers", type=int, default=0, help="0: what an installation takes")
    parser.add_argument("--images", type=int, default=Size.images)
    parser.add_argument("--megabytes", type=int, default=Size.megabytes, help="of the generated set")
    parser.add_argument("--files", type=int, default=Size.files)
    parser.add_argument("--output", type=Path, default=ROOT / "build/bench/import.json")
    return parser.parse_args()


def main() -> None:
    options = parse()
    size = Size(options.images, options.megabytes, options.files)
    makers = {"demo": demo_set, "generated": lambda: generated_set(size)}
    sets = [makers[name]() for name in options.sets or SETS]
    make_image()
    document: dict[str, Any] = {
        "machine": {"cpus": os.cpu_count(), "kernel": platform.release()},
        "runs": options.runs,
        "workers": options.workers,
        "generated": asdict(size),
        "sets": {images.name: images.sizes() for images in sets},
    }
    for store in options.store or STORES:
        document[store] = measure(store, sets, runs=options.runs, workers=options.workers)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2) + "\n")
    for store in options.store or STORES:
        ratios = {name: document[store][f"{name}_ratio"] for name in ("fresh", "unchanged")}
        print(f"{store}: " + ", ".join(f"{name} {ratio}x" for name, ratio in ratios.items()))


if __name__ == "__main__":
    main()
