"""What one bundle for all platforms costs beside one for each: seconds, bytes and memory, from a warm cache.

Run once the lab's bundles are made (`scripts/demo`, `python -m lab.bundles.debian_12`, `.rpm`, `.ubuntu`): it
takes each platform from their specs, without a driver, builds each alone and all together, offline from one
cache, and writes build/bench/platforms.json.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
from bench.rebuild import build
from lab.bundles.demo import BUILD
from lab.bundles.every_platform import platforms

TARGET_MEBIBYTES = 300


def main() -> int:
    release, found = platforms()
    work = Path(tempfile.mkdtemp(prefix="bench-platforms-", dir=BUILD))
    runs: dict[str, dict[str, float]] = {}
    try:
        # what is fetched and packed is in the cache before anything is timed
        for name in ("warm", *found, "all"):
            chosen = {name: found[name]} if name in found else found
            spec = work / f"{name}.bundle.yml"
            spec.write_text(yaml.safe_dump({"schema": 1, "release": release, "platforms": chosen}))
            out = work / name
            run = build(spec, out, work / "cache", *(["--offline"] if name != "warm" else []))
            run["bytes"] = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
            shutil.rmtree(out)
            if name != "warm":
                runs[name] = run
    finally:
        shutil.rmtree(work)
    alone = [run for name, run in runs.items() if name != "all"]
    result = {
        "runs": runs,
        "seconds_of_all_by_sum": round(runs["all"]["seconds"] / sum(run["seconds"] for run in alone), 2),
        "bytes_of_all_by_sum": round(runs["all"]["bytes"] / sum(run["bytes"] for run in alone), 2),
        "peak_mebibytes": max(run["peak_mebibytes"] for run in runs.values()),
        "target_peak_mebibytes": TARGET_MEBIBYTES,
    }
    target = BUILD / "bench" / "platforms.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
