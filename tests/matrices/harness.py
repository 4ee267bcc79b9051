"""Matrices whose expectations lie in a committed file, typed by hand before the code was asked.

A matrix is a directory beside this file, a pair a subject: `<subject>.yml` with the rows, and `<subject>.py`
whose `RUNS` has a function for each name in `run`.  A function takes the row's `with` as keywords, on a host
also the host, first; it returns what was seen:

    {"exit": 3, "codes": ["gpu-mig"], "text": "all that is read", "data": {}, "unchanged": True}

Of what a row expects, `codes` must be among those seen, `not_codes` not; each of `says` must stand in the
text, none of `not_says`; `data` must be a part of the data; everything else must be equal.
"""

from __future__ import annotations

import importlib.util
import random
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.kit.matrix import merge_rows
from tests.kit.sample import commit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).resolve().parent
STATES = ("bare", "engine", "installed")
REAL = ("real", "stand-in", "not tried")
_NEEDED = {"case", "kind", "source", "real", "run", "expected"}
_TYPED = _NEEDED | {"with", "host", "shares"}
_TEXT_KEYS = {"says": "text", "not_says": "text", "codes": "codes", "not_codes": "codes"}


@dataclass(frozen=True)
class Row:
    """`state` is the host that the row begins with, empty for none; one that `shares` leaves it as it was."""

    matrix: str
    case: str
    kind: str
    real: str
    expected: Mapping[str, Any]
    run: Callable[..., dict[str, Any]]
    arguments: Mapping[str, Any]
    state: str = ""
    shares: bool = True


class MatrixError(Exception):
    """A committed file of a matrix is not as described above."""


@cache
def rows_of(matrix: str) -> tuple[Row, ...]:
    rows = [row for path in sorted((HERE / matrix).glob("*.yml")) for row in _read(matrix, path)]
    cases = [row.case for row in rows]
    if twice := sorted({case for case in cases if cases.count(case) > 1}):
        raise MatrixError(f"{matrix}: cases that stand twice: {', '.join(twice)}")
    return tuple(rows)


def _read(matrix: str, path: Path) -> list[Row]:
    runs = _module(path.with_suffix(".py")).RUNS
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    kinds = {row["kind"] for row in document["rows"]}
    if untried := sorted(kinds - {mutant["kind"] for mutant in document["mutants"]}):
        raise MatrixError(f"{path.name}: kinds without a mutant: {', '.join(untried)}")
    cases = {row["case"] for row in document["rows"]}
    if lost := sorted({case for mutant in document["mutants"] for case in mutant["red"]} - cases):
        raise MatrixError(f"{path.name}: mutants name rows that are not there: {', '.join(lost)}")
    return [_row(matrix, path.name, runs, item) for item in document["rows"]]


def _row(matrix: str, name: str, runs: Mapping[str, Callable[..., Any]], item: Mapping[str, Any]) -> Row:
    where = f"{name}: {item.get('case', item)}"
    if wrong := (_NEEDED - item.keys()) | (item.keys() - _TYPED):
        raise MatrixError(
            f"{where}: missing or unknown: {', '.join(sorted(map(str, wrong)))}"
            " (there is no `on`, which is YAML's true: a row on a sealed host names it in `host`)"
        )
    state = item.get("host", "")
    if item["real"] not in REAL or state not in ("", *STATES):
        raise MatrixError(f"{where}: real or host has none of its values")
    if item["run"] not in runs:
        raise MatrixError(f"{where}: {name[:-4]}.py has no run `{item['run']}`")
    return Row(
        matrix,
        item["case"],
        item["kind"],
        item["real"],
        item["expected"],
        runs[item["run"]],
        item.get("with") or {},
        state,
        item.get("shares", True),
    )


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"matrix_{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise MatrixError(f"{path}: cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chosen(rows: Sequence[Row], *, sample: int, seed: str) -> list[Row]:
    """A seeded sample, hosts that are shared kept together; all rows when there are no more than that."""
    picked = rows if len(rows) <= sample else random.Random(seed).sample(rows, sample)  # noqa: S311
    return sorted(picked, key=lambda row: (not row.shares, row.state, row.case))


def attempt(row: Row, *host: Any, image: str = "", seed: str = "") -> dict[str, Any]:
    """Run a row and write it, whether it went well or not; `not tried` is never ok."""
    started = time.monotonic()
    seen: Any = None
    try:
        found = row.run(*host, **row.arguments)
        seen = {key: _seen(key, wanted, found) for key, wanted in row.expected.items()}
    except BaseException as problem:
        seen = f"{type(problem).__name__}: {problem}"
        raise
    finally:
        written = {
            "case": row.case,
            "kind": row.kind,
            "real": row.real,
            "expected": dict(row.expected),
            "got": seen,
            "ok": row.real != "not tried" and seen == dict(row.expected),
            "seconds": round(time.monotonic() - started, 1),
            "commit": commit(),
            **({"host": row.state, "image": image} if row.state else {}),
            **({"seed": seed} if seed else {}),
        }
        merge_rows(row.matrix, [written])
    return written


def _seen(key: str, wanted: Any, found: Mapping[str, Any]) -> Any:
    """What was seen of what is expected: the same value where it holds, and where not, what was there."""
    got = found.get(_TEXT_KEYS.get(key, key))
    if key in ("says", "codes"):
        held = all(one in (got or ()) for one in wanted)
    elif key in ("not_says", "not_codes"):
        held = got is not None and not any(one in got for one in wanted)
    elif key == "data":
        held = _is_part(wanted, got)
    else:
        return got
    # what was there of the unwanted can be the very list of it, and must not look like a row that holds
    return wanted if held else {"there": got} if key.startswith("not_") else got


def _is_part(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _is_part(value, whole[key]) for key, value in part.items()
        )
    return bool(part == whole)
