"""How long NVIDIA mends the branch of a driver, and which branch to take in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..gpu import knowledge as gpu_knowledge
from ..gpu.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..gpu.knowledge import Judged

OVER, ENDING, UNKNOWN = "driver-branch-over", "driver-branch-ending", "driver-branch-unknown"
# what ends sooner than in a year is not what to begin with
_MONTHS = 12
_NEEDED = "a branch that NVIDIA mends for another year"


def note(
    knowledge: Mapping[str, Any], platform: str, target: Judged, *, version: str, today: str
) -> Note | None:
    """What to know of the branch of this driver on that day (`2026-11-30…`); None where it lives long enough.

    `knowledge` is all of it, with what each platform has of drivers.
    """
    (branch, *_) = map(str, gpu_knowledge.numbers(version))
    row = next((one for one in knowledge["releases"]["branches"] if one["branch"] == branch), None)
    hint = _advice(knowledge, platform, target, today)
    if row is None:
        return Note(
            UNKNOWN,
            f"how long NVIDIA mends driver branch {branch} is not known here",
            f"driver {version}",
            _NEEDED,
            f"look it up in NVIDIA's table of supported data center drivers; {hint}",
        )
    if row["ends"] >= later(today):
        return None
    until = f" ({gpu_knowledge.life(row)})" if row["ends"] else ""
    if row["ends"] < today[:7]:
        message = f"driver branch {branch} gets no fixes any more, for security neither{until}"
        return Note(OVER, message, f"driver {version}", _NEEDED, hint)
    message = f"driver branch {branch} gets fixes for less than a year{until}"
    return Note(ENDING, message, f"driver {version}", _NEEDED, hint)


def _advice(knowledge: Mapping[str, Any], platform: str, target: Judged, today: str) -> str:
    found = [f"{one['branch']} ({gpu_knowledge.life(one)})" for one in _fit(knowledge, target, today)]
    known = knowledge["drivers"]["platforms"].get(platform, {"branches": []})["branches"]
    carried = {row["branch"] for row in known}
    ours = [text for text in found if text.partition(" ")[0] in carried]
    if ours:
        return f"ship {' or '.join(ours)}: `branch` in the spec"
    if found:
        return (
            f"no bundle for {platform} can bring {' or '.join(found)} yet; a host's own driver of it is taken"
        )
    return f"no branch that {target.name} was verified with is mended for another year: ask the vendor"


def _fit(knowledge: Mapping[str, Any], target: Judged, today: str) -> Iterator[Mapping[str, Any]]:
    """Branches that live long enough and that the vendor has tried with the release: a range is no proof."""
    verified = gpu_knowledge.verified_branches(target)
    for row in knowledge["releases"]["branches"]:
        if row["ends"] >= later(today) and int(row["branch"]) in verified:
            yield row


def later(today: str) -> str:
    """The month (`2027-11`) in which that has to be mended still which is to begin with on that day."""
    year, month = int(today[:4]), int(today[5:7]) + _MONTHS
    return f"{year + (month - 1) // 12:04}-{(month - 1) % 12 + 1:02}"
