"""The vendor's progression of GPU tests as a ladder: each rung proves one thing more than the one below.

Only images of the bundle are used, and nothing is pulled.  A rung that cannot be
tried on this host says why; without that, a host without GPU would look like a broken one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks import causes as rung_causes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
PLAIN, HOST, GPUS, RUNTIME, DEFAULT, BASE, APPLICATION, COMPUTE = range(1, 9)
PROVES = {
    PLAIN: "a plain container starts",
    HOST: "the driver answers on the host",
    GPUS: "a container with --gpus=all sees the GPUs",
    RUNTIME: "a container with --runtime=nvidia sees the GPUs",
    DEFAULT: "the default runtime shows the GPUs",
    BASE: "the base image sees the GPUs",
    APPLICATION: "the application image sees the GPUs",
    COMPUTE: "RAPIDS computes on a GPU",
}
MEND = {
    PLAIN: "see `journalctl -u docker` and `docker info`",
    HOST: "see `nvidia-smi` and `dmesg`; after a kernel or driver update restart the host",
    GPUS: "restart Docker when its containers may stop, and run `verify` again",
    RUNTIME: "`docker info` must list the runtime nvidia: run the same install again",
    DEFAULT: "`docker info` must name nvidia as the default runtime: run the same install again",
    BASE: "compare the driver with what the release needs: `graphistry-airgap gpu plan`",
    APPLICATION: "compare the driver with what the release needs: `graphistry-airgap gpu plan`",
    COMPUTE: "compare driver, GPU generation and CUDA flavour with what the release needs: `gpu plan`",
}
# the label of the lab's stand-in for the vendor's images: no CUDA image, and no RAPIDS in it
STAND_IN_LABEL = "demo.inputs"
VARIABLE = "NVIDIA_VISIBLE_DEVICES"
TIME_LIMIT = 180
NO_CUDF = 69
# the smallest image may hold one program and no `true`
PLAIN_TRIES = 3
NO_PROGRAM = 127
_SUM = (
    "import importlib.util, sys\n"
    f"importlib.util.find_spec('cudf') or sys.exit({NO_CUDF})\n"
    "import cudf\n"
    "total = int(cudf.Series([0, 1, 2]).sum())\n"
    "sys.exit(0 if total == 3 else f'cudf says that 0 + 1 + 2 is {total}')\n"
)
_COMPUTE = f'source activate base 2>/dev/null; exec python3 -c "{_SUM}"'
_UUID = re.compile(r"UUID: (GPU-[0-9a-fA-F-]+)")
_TEST = re.compile(r"test_rung_(\d)_")


@dataclass(frozen=True)
class Outcome:
    """`hint` is the next step after a failure whose cause has one of its own; else the rung's counts."""

    state: str
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Images:
    """Names of the bundle's images for the rungs, empty where it has none; `plain` has the smallest ones."""

    plain: tuple[str, ...]
    base: str
    application: str

    @property
    def any_gpu(self) -> str:
        return self.base or self.application


def choose(images: Sequence[Mapping[str, Any]], flavour: str) -> Images:
    """`images` have `name` and `size`; `flavour` is the release's CUDA_SHORT_VERSION, which ends the tags."""
    plain = sorted(images, key=lambda image: (image["size"], image["name"]))[:PLAIN_TRIES]
    names = sorted(image["name"] for image in images)
    return Images(
        tuple(image["name"] for image in plain),
        _tagged(names, "graphistry-forge-base", flavour),
        _tagged(names, "etl-server-python", flavour),
    )


def _tagged(names: Iterable[str], repository: str, flavour: str) -> str:
    for name in names:
        place, _, tag = name.rpartition(":")
        if place.rpartition("/")[2] == repository and tag.endswith(f"-{flavour}"):
            return name
    return ""


def image_of(rung: int, images: Images) -> str:
    if rung == BASE:
        return images.base
    return images.application if rung in (APPLICATION, COMPUTE) else images.any_gpu


def command(rung: int, image: str, *, stand_in: bool) -> list[str]:
    """One container; the vendor's images ask for GPUs themselves, a stand-in has to be asked."""
    options = {GPUS: ["--gpus=all"], RUNTIME: ["--runtime=nvidia"]}.get(rung, [])
    if stand_in and rung > GPUS:
        options = [*options, "--env", f"{VARIABLE}=all"]
    program = {PLAIN: ["true"], COMPUTE: ["bash", "-c", _COMPUTE]}.get(rung, ["nvidia-smi", "-L"])
    limit = ["timeout", "-k", "5", str(TIME_LIMIT)]
    run = ["docker", "run", "--rm", "--pull", "never", "--network", "none", *options]
    return [*limit, *run, "--entrypoint", program[0], image, *program[1:]]


def judge(rung: int, done: tuple[int, str, str], *, seen: Sequence[str], stand_in: bool) -> Outcome:
    """`done` is status, stdout and stderr; `seen` the UUIDs that the host's own driver lists."""
    status, out, err = done
    if rung == COMPUTE and status and (stand_in or status == NO_CUDF):
        return Outcome(SKIPPED if stand_in else FAILED, "the image has no cudf")
    if status:
        said = rung_causes.cause(err.strip() or out.strip()) or f"it ended with {status}"
        slow = f"no end within {TIME_LIMIT} s; " if status in (124, 137) else ""
        common = rung_causes.shared(said)
        if common:
            return Outcome(FAILED, f"{slow}{common.name}: {said}", common.hint)
        return Outcome(FAILED, f"{slow}{said}", MEND[rung])
    if rung in (PLAIN, COMPUTE):
        return Outcome(PASSED)
    listed = _UUID.findall(out)
    if missing := sorted(set(seen) - set(listed)):
        return Outcome(
            FAILED, f"the container sees {len(listed)} of {len(seen)} GPUs; {missing[0]} is not seen"
        )
    return Outcome(PASSED)


def once(outcomes: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """A cause that many rungs share is the lowest one's failure; the others are not applicable for it."""
    told: dict[str, int] = {}
    said = {}
    for rung, outcome in sorted(outcomes.items()):
        common = rung_causes.shared(outcome.reason) if outcome.state == FAILED else None
        first = told.setdefault(common.name, rung) if common else rung
        said[rung] = (
            outcome
            if common is None or first == rung
            else Outcome(SKIPPED, f"rung {first} failed: {common.name}")
        )
    return said


def report(tests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rungs among the post-install tests, lowest first: rung, proves, outcome, reason; a failure's hint."""
    rows = []
    for test in tests:
        if match := _TEST.match(str(test["test"])):
            number = int(match[1])
            reason = str(test.get("message", "")).removeprefix("Failed: ")
            row = {"rung": number, "proves": PROVES[number], "outcome": test["outcome"], "reason": reason}
            rows.append(row | ({"hint": test["hint"]} if test.get("hint") else {}))
    return sorted(rows, key=lambda row: row["rung"])


def outcomes(rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """What counts in a comparison of two runs: a reason may quote the time of day."""
    return {row["rung"]: row["outcome"] for row in rows}


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """For people: neighbours that are not applicable for one reason share a line."""
    told = []
    for (outcome, reason), group in groupby(rows, key=_shared):
        members = list(group)
        if outcome == SKIPPED:
            told.append(f"GPU {_span(members)} not applicable: {reason}")
            continue
        for row in members:
            tail = f"failed: {row['reason']}" if outcome == FAILED else outcome
            told.append(f"GPU rung {row['rung']}, {row['proves']}: {tail}")
    return told


def _shared(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["outcome"], row["reason"]


def _span(rows: Sequence[Mapping[str, Any]]) -> str:
    first, last = rows[0]["rung"], rows[-1]["rung"]
    return f"rung {first}" if first == last else f"rungs {first} to {last}"
