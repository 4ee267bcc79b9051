"""How long a build that changes nothing takes beside the first one, and what memory both need.

Run after scripts/demo: it builds the demo's spec three times with a cache of its own: from nothing (which
fetches packages and wheels from their mirrors), again over the same output, and again with --offline.
build/bench/rebuild.json holds seconds, the ratio to the first, whether the bundle stayed the same, and the
peak memory of the largest process (the tool or a program that it runs).  With --cache DIR the first build
fetches nothing and packs nothing that is there: a lower bound for it, so an upper one for the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
from lab.bundles.demo import BUILD, TOOL, write_spec

TARGET_RATIO, TARGET_MEBIBYTES = 0.10, 300


def build(spec: Path, out: Path, cache: Path, *options: str) -> dict[str, float]:
    command = [str(TOOL), "--quiet", "bundle", "build", str(spec), "-o", str(out), "--cache", str(cache)]
    begun = time.monotonic()
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    seconds = round(time.monotonic() - begun, 2)
    cpu = round(used.ru_utime + used.ru_stime, 2)
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mebibytes": used.ru_maxrss >> 10}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, metavar="DIR", help="start the first build from a copy of it")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-rebuild-", dir=BUILD))
    try:
        cache, out, spec = folder / "cache", folder / "bundle", folder / "demo.bundle.yml"
        if options.cache:
            shutil.copytree(options.cache, cache)
        write_spec(spec)
        runs, sums = {}, []
        for name, more in (("first", []), ("unchanged", []), ("unchanged_offline", ["--offline"])):
            runs[name] = build(spec, out, cache, *more)
            sums.append((out / "SHA256SUMS").read_bytes())
        size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    finally:
        shutil.rmtree(folder)
    result = {
        "mebibytes": size >> 20,
        "first_with_a_cache": bool(options.cache),
        "runs": runs,
        "ratio": round(runs["unchanged"]["seconds"] / runs["first"]["seconds"], 3),
        "ratio_offline": round(runs["unchanged_offline"]["seconds"] / runs["first"]["seconds"], 3),
        "target_ratio": TARGET_RATIO,
        "same_bundle": len(set(sums)) == 1,
        "peak_mebibytes": max(run["peak_mebibytes"] for run in runs.values()),
        "target_peak_mebibytes": TARGET_MEBIBYTES,
    }
    target = BUILD / "bench" / "rebuild.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
