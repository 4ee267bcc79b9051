"""The CDI specification of this machine's GPUs: whether the toolkit makes one, and what becomes of the file.

It names device nodes and libraries of one driver version.  After a change of GPUs
or driver an old one makes the containers that use it fail, so it is compared with
what would be made now, and one of this installer's making goes when no driver answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# the first toolkit with `nvidia-ctk cdi generate`
OLDEST = (1, 12)
KEEP, WRITE, REMOVE = "keep", "write", "remove"
_VERSION = re.compile(r"\bversion v?(\d+)\.(\d+)")
_KIND = re.compile(r"""^\s*"?kind"?: *"?nvidia\.com/gpu"?,?\s*$""", re.MULTILINE)


@dataclass(frozen=True)
class Decision:
    """`reason` says why there is no specification; `stale` that one is left that may do harm."""

    action: str
    reason: str = ""
    stale: bool = False


def version(text: str) -> tuple[int, int] | None:
    """From `nvidia-ctk --version`; None where it is not said."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2])) if match else None


def same(one: str, other: str) -> bool:
    """Older toolkits list mounts in another order each time."""
    return sorted(one.splitlines()) == sorted(other.splitlines())


def describes_gpus(text: str) -> bool:
    return _KIND.search(text) is not None


def decide(present: str | None, *, ours: bool, made: str, reason: str) -> Decision:
    """`present` is the file, `made` what the toolkit describes now; without `made`, `reason` says why."""
    if made:
        return Decision(KEEP if present is not None and same(present, made) else WRITE)
    if present is None:
        return Decision(KEEP, reason)
    if ours:
        return Decision(REMOVE, reason)
    return Decision(KEEP, reason, describes_gpus(present))
