"""A finding is one thing that preflight noticed: what was found, what is needed, what to do.

Errors stop an installation, warnings and infos stand in the report.  The judges
(`findings_*.py`) are pure: a profile and the requirements in, findings out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ERROR = "error"
WARNING = "warning"
INFO = "info"
_ORDER = {ERROR: 0, WARNING: 1, INFO: 2}


@dataclass(frozen=True)
class Finding:
    severity: str
    code: str
    message: str
    found: str
    needed: str
    hint: str = ""
    path: str = ""
    stig: str = ""

    def as_dict(self) -> dict[str, Any]:
        data = asdict(self)
        return {key: value for key, value in data.items() if value or key not in ("path", "stig")}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by code and message; the same facts always read the same."""
    return sorted(set(findings), key=lambda item: (_ORDER[item.severity], item.code, item.message))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    return [item for item in findings if item.severity == ERROR]


def together(refusals: Sequence[Any]) -> dict[str, Any]:
    """What a task of a later stage fails with: every refusal, with all that was found and is needed.

    Findings, or notes of a plan, which have the same words; the code is the first one's.
    """

    def each(key: str) -> list[str]:
        return list(dict.fromkeys(said for one in refusals if (said := getattr(one, key))))

    return {
        "msg": "\n".join(each("message")),
        "code": f"host-{refusals[0].code}",
        "hint": "; ".join(each("hint")),
        "details": {"found": "; ".join(each("found")), "needed": "; ".join(each("needed"))},
    }


def human(size: int) -> str:
    """Bytes for people, in the units that `df -h` prints."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
