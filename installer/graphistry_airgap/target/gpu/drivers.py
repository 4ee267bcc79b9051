"""A driver against a release and the generations of the GPUs: floor, ceiling, and which branches live.

The release gives the floor (`releases.json`), each generation the first and the last branch that drives it
(`architectures.json`).  In a vGPU guest the hypervisor's driver decides which guest drivers there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import knowledge as gpu_knowledge
from .knowledge import FORWARD_ONLY, KNOWN_BAD, TOO_OLD, Judged, numbers
from .model import Note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .knowledge import Knowledge
    from .model import Gpu

TOO_NEW = "gpu-driver-too-new"
UNKNOWN = "gpu-driver-unknown"


@dataclass(frozen=True)
class _Case:
    """Branches as numbers; `last` is None where no generation has an end, `ends` names those that have."""

    target: Judged
    wanted: Mapping[str, Any]
    driver: str
    first: int
    last: int | None
    begins: str
    ends: str
    virtual: bool
    rows: Mapping[str, Any]

    def drives(self, branch: int) -> bool:
        return branch >= self.first and (self.last is None or branch <= self.last)


def notes(target: Judged, driver: str, gpus: Sequence[Gpu], knowledge: Knowledge) -> list[Note]:
    """What stands against the driver that answers; a version that it does not give is said, too.

    A GPU that the product cannot use decides nothing.
    """
    if not numbers(driver):
        return [_unknown(target)]
    if target.row is None:
        return []
    usable = [gpu for gpu in gpus if not gpu_knowledge.too_old(knowledge, target, gpu)]
    case = _case(target, target.row["driver"], driver, usable, knowledge)
    found = gpu_knowledge.driver_notes(target, driver) or _by_generation(case)
    return [
        replace(note, message=note.message + _hole(note, case), needed=_needed(case), hint=_hint(note, case))
        for note in found
    ]


def _case(
    target: Judged, wanted: Mapping[str, Any], driver: str, gpus: Sequence[Gpu], knowledge: Knowledge
) -> _Case:
    rows = [row for gpu in gpus if (row := gpu_knowledge.architecture(knowledge, gpu))]
    first = max((int(row["first_driver_branch"]) for row in rows if "first_driver_branch" in row), default=0)
    last = min((int(row["last_driver_branch"]) for row in rows if row["last_driver_branch"]), default=None)
    return _Case(
        target,
        wanted,
        driver,
        first,
        last,
        _names(rows, "first_driver_branch", first),
        _names(rows, "last_driver_branch", last),
        any(gpu.is_vgpu for gpu in gpus),
        knowledge["releases"],
    )


def _names(rows: Sequence[Mapping[str, Any]], key: str, branch: int | None) -> str:
    return ", ".join(sorted({row["name"] for row in rows if branch and row.get(key) == str(branch)}))


def _by_generation(case: _Case) -> list[Note]:
    """A driver that the release would take, and the GPUs would not."""
    branch = numbers(case.driver)[0]
    if case.last and branch > case.last:
        message = f"driver {case.driver} does not drive {case.ends}: {case.last} is its last branch"
        return [Note(TOO_NEW, message, case.driver, "")]
    if branch < case.first:
        message = f"driver {case.driver} is too old for {case.begins}, which begins with branch {case.first}"
        return [Note(TOO_OLD, message, case.driver, "")]
    return []


def _hole(note: Note, case: _Case) -> str:
    """Between the branch that works by compatibility and the floor: newer than one that is let pass."""
    compatible, minimum = case.wanted["forward_compatible"], case.wanted["minimum"]
    if note.code != TOO_OLD or not compatible or numbers(case.driver) < numbers(compatible):
        return ""
    return (
        f" (branch {compatible} runs it through CUDA's forward compatibility; the first after it that "
        f"fits is {minimum})"
    )


def _needed(case: _Case) -> str:
    minimum, avoid = case.wanted["minimum"], case.wanted["avoid"]
    floor = str(case.first) if case.first > numbers(minimum)[0] else minimum
    avoided = f", but not {', '.join(avoid)}" if avoid else ""
    if case.last:
        return f"driver {floor} up to branch {case.last}, the last one that drives {case.ends}{avoided}"
    return f"driver {floor} or newer{avoided}"


def _hint(note: Note, case: _Case) -> str:
    branches = _living(case)
    named = f": branch {' or '.join(branches)}" if branches else ""
    if case.virtual:
        return (
            f"install a newer driver from the hypervisor's side first{named}: a guest driver is of the vGPU "
            "release that the hypervisor runs, so ask its administrator to move the host to a vGPU release "
            "that fits, then install the guest driver of that release"
        )
    if note.code == TOO_NEW:
        return f"install an older driver{named}"
    if note.code == KNOWN_BAD:
        return f"install a driver of another branch{named}"
    if note.code == FORWARD_ONLY:
        return (
            f"install a newer driver when the machine can be rebooted{named}; NVIDIA supports forward "
            "compatibility on data center GPUs only"
        )
    others = _flavours(case)
    flavour = f", or use the release's CUDA flavour {' or '.join(others)}, which this driver fits"
    return f"install a newer driver{named}{flavour if others else ''}"


def _living(case: _Case) -> list[str]:
    """Branches that still get updates, were verified with the release, and drive every GPU."""
    verified = gpu_knowledge.verified_branches(case.target)
    return [
        f"{row['branch']} ({gpu_knowledge.life(row)})"
        for row in case.rows["branches"]
        if row["ends"] and int(row["branch"]) in verified and case.drives(int(row["branch"]))
    ]


def _flavours(case: _Case) -> list[str]:
    """The release's other CUDA flavours that this very driver and these GPUs fit."""
    if case.target.row is None or not case.drives(numbers(case.driver)[0]):
        return []
    release, own = case.target.release, case.target.row
    return [
        row["cuda"]
        for row in case.rows["releases"]
        if row["from"] == own["from"]
        and row["cuda"] != own["cuda"]
        and not gpu_knowledge.driver_notes(Judged(release, row["cuda"], row), case.driver)
    ]


def _unknown(target: Judged) -> Note:
    minimum = f"driver {target.row['driver']['minimum']} or newer" if target.row else "a driver version"
    return Note(
        UNKNOWN,
        f"nvidia-smi gives no driver version, so whether the driver fits {target.name} is not known",
        "no driver version",
        minimum,
        "compare `cat /proc/driver/nvidia/version` with what is needed; a driver that does not say what it "
        "is may be broken: see `dmesg`",
        "cat /proc/driver/nvidia/version",
    )
