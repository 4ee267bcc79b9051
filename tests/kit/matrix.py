"""Test matrices: `build/matrix/<name>.json`, a list of rows that each test adds its own to.

A row has `case`, `expected`, `got` and `ok`.  A row replaces the one with the same case and leaves all others
alone, so each test may run alone, again, or beside others.

    with platform_step("debian-12", "install", stand_in=False, expected="15 services healthy") as row:
        ...
        row.got = f"{healthy} services healthy"
    row.require()

A step that ends by an exception is written as a failed row too: a row of an earlier run must not outlive it.
"""

from __future__ import annotations

import fcntl
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MATRICES = Path(__file__).resolve().parents[2] / "build" / "matrix"
PLATFORMS = "platforms"
STEPS = ("resolve", "build", "verify", "install", "driver", "second-run", "reboot", "hardened-reboot")


@dataclass
class Step:
    """What was seen; `seconds` is measured unless the test knows it better (from the tool's own answer)."""

    expected: Any
    got: Any = None
    seconds: float | None = None

    @property
    def ok(self) -> bool:
        return bool(self.expected == self.got)

    def require(self) -> None:
        """Fail the test when the row says that it failed."""
        assert self.got == self.expected


def merge_rows(name: str, rows: Sequence[dict[str, Any]], *, directory: Path = MATRICES) -> None:
    """Put the rows into the matrix `name`, sorted by case; each replaces the row with its case."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    with (directory / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several workers
        held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        merged = {row["case"]: row for row in [*held, *rows]}
        text = json.dumps([merged[case] for case in sorted(merged)], indent=1) + "\n"
        partial = path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


@contextmanager
def platform_step(
    platform: str,
    step: str,
    *,
    stand_in: bool,
    expected: Any,
    variant: str = "",
    directory: Path = MATRICES,
) -> Iterator[Step]:
    """Time one step of a platform and write its row to `platforms.json`, whether it went well or not.

    `stand_in` is true where the host, or a part of its Docker, only plays the platform's part; NVIDIA's
    toolkit is one in every row.  `variant` tells apart rows of the same step (`containerd`, `hardened`).
    """
    if step not in STEPS:
        raise ValueError(f"{step} is not one of {', '.join(STEPS)}")
    row = Step(expected)
    started = time.monotonic()
    try:
        yield row
    except BaseException as problem:
        row.got = f"{type(problem).__name__}: {problem}"
        raise
    finally:
        seconds = time.monotonic() - started if row.seconds is None else row.seconds
        written = {
            "case": " ".join(filter(None, (platform, step, variant))),
            "platform": platform,
            "step": step,
            "expected": row.expected,
            "got": row.got,
            "ok": row.ok,
            "stand_in": stand_in,
            "seconds": round(seconds, 1),
        }
        merge_rows(PLATFORMS, [written], directory=directory)


def not_tried(platform: str, why: str, *, directory: Path = MATRICES) -> None:
    """Rows of a platform whose stand-in cannot be made on this machine: neither good nor bad."""
    rows = [
        {
            "case": f"{platform} {step}",
            "platform": platform,
            "step": step,
            "expected": None,
            "got": f"not tried: {why}",
            "ok": None,
            "stand_in": True,
            "seconds": 0.0,
        }
        for step in STEPS
    ]
    merge_rows(PLATFORMS, rows, directory=directory)
