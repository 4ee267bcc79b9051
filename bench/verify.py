"""How long `bundle verify` takes beside `sha256sum` over the same files, one process a core.

It makes a bundle (--size MiB: a few large files, many small ones), signs it with a key of its own and runs
both in turns, so that what else the machine does hits both.  build/bench/verify.json holds the seconds of
each run, the ratio of the medians, what one run read (from /proc, in sizes of the bundle) and its peak
memory.  The files come from memory, which is the hard case: a medium is slower than both.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import ssl
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource

CHECKOUT = Path(__file__).resolve().parents[1]
from tests.kit.bundles.mini_bundle import MiniBundle
from tests.kit.bundles.openpgp_keys import make_keys

RUNS = 5
TARGET_RATIO, TARGET_MEBIBYTES = 1.15, 300
TOOL = CHECKOUT / ".venv" / "bin" / "graphistry-airgap"
SUM = 'cd "$1" && xargs -0 -P "$2" -n 1 sha256sum >/dev/null'


def write_bundle(folder: Path, mebibytes: int) -> None:
    """A signed bundle and its keyring: a few files of up to 512 MiB, then ever smaller ones."""
    bundle = MiniBundle(folder / "bundle")
    left, size = mebibytes << 20, min(512, mebibytes // 4) << 20
    while left > 1 << 20:
        bundle.files[f"release/data/{len(bundle.files):04}"] = os.urandom(64 << 10) * (size >> 16)
        left -= size
        size = min(size, max(left // 4, 64 << 10))
    bundle.write()
    keys = make_keys(folder / "gnupg")
    bundle.sign(keys, "signer")
    (folder / "trusted.gpg").write_bytes(keys.public("signer"))
    keys.stop()


def timed(command: list[str], stdin: bytes = b"") -> tuple[float, resource.struct_rusage]:
    begun = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None  # noqa: S101 -- a pipe was asked for
    process.stdin.write(stdin)
    process.stdin.close()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} ended with {status}")
    return time.monotonic() - begun, used


def bytes_read(command: list[str]) -> int:
    """What the process read, whole; its last state is kept until it is waited for."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    text = Path(f"/proc/{process.pid}/io").read_text(encoding="ascii")
    process.wait()
    return int(text.split()[1])


def measure(folder: Path) -> dict[str, object]:
    path, cores = folder / "bundle", len(os.sched_getaffinity(0))
    files = [file for file in path.rglob("*") if file.is_file()]
    files.sort(key=lambda file: -file.stat().st_size)
    size = sum(file.stat().st_size for file in files)
    names = "\0".join(str(file.relative_to(path)) for file in files).encode()
    verify = [str(TOOL), "--quiet", "bundle", "verify", str(path), "--keyring", str(folder / "trusted.gpg")]
    sums = ["sh", "-c", SUM, "sum", str(path), str(cores)]
    timed(sums, names)  # everything is in memory from here on
    runs: dict[str, list[float]] = {"verify": [], "sha256sum": [], "start": []}
    peak = 0
    for _ in range(RUNS):
        runs["sha256sum"].append(timed(sums, names)[0])
        seconds, used = timed(verify)
        runs["verify"].append(seconds)
        peak = max(peak, used.ru_maxrss >> 10)
        runs["start"].append(timed([str(TOOL), "bundle", "verify", "--help"])[0])
    median = {name: statistics.median(values) for name, values in runs.items()}
    return {
        "cores": cores,
        "load": os.getloadavg()[0],
        "files": len(files),
        "mebibytes": size >> 20,
        **{f"{name}_seconds": [round(value, 2) for value in values] for name, values in runs.items()},
        "ratio": round(median["verify"] / median["sha256sum"], 3),
        "ratio_of_the_best": round(min(runs["verify"]) / min(runs["sha256sum"]), 3),
        "target_ratio": TARGET_RATIO,
        "bytes_read_over_size": round(bytes_read(verify) / size, 3),
        "peak_mebibytes": peak,
        "target_peak_mebibytes": TARGET_MEBIBYTES,
        "openssl": ssl.OPENSSL_VERSION,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=4096, metavar="MIB")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-verify-", dir=CHECKOUT / "build"))
    try:
        # in a process of its own: what a parent once held counts as its children's peak memory, too
        writing = multiprocessing.Process(target=write_bundle, args=(folder, options.size))
        writing.start()
        writing.join()
        result = measure(folder)
    finally:
        shutil.rmtree(folder)
    target = CHECKOUT / "build" / "bench" / "verify.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
