"""Findings as an operator reads them: whatever JSON says of one stands in the text, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ERROR, WARNING = "error", "warning"
# what a module says by Ansible's own `warn`, which has room for a sentence alone
BY_A_MODULE = "told-by-a-task"
_WORDS = {"found": "found", "needed": "needed", "path": "path", "stig": "STIG", "hint": "next"}


def lines(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for what was noticed and one for each word about it; errors are left to their own place."""
    told = []
    for finding in findings:
        if finding.get("severity") == ERROR:
            continue
        told.append(f"{finding.get('severity', WARNING)}: {finding['message']}")
        # another program's refusal stands in the message whole already
        whole = str(finding["message"]).startswith(f"{finding.get('found')}\n")
        told += [
            f"  {word}: {finding[key]}"
            for key, word in _WORDS.items()
            if finding.get(key) and not (whole and key == "found")
        ]
    return told


def of_warnings(warnings: Iterable[Any], task: str) -> list[dict[str, Any]]:
    """Findings from the `warnings` of a task's result: texts, or since ansible-core 2.19 also objects."""
    texts = [str(one.get("msg", one)) if isinstance(one, dict) else str(one) for one in warnings]
    return [
        {"severity": WARNING, "code": BY_A_MODULE, "message": text, "found": f"by the task “{task}”"}
        for text in texts
    ]


def of_task(task: str, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a task has to tell: the findings of a module of ours, and Ansible's own warnings."""
    return [*result.get("findings", []), *of_warnings(result.get("warnings") or [], task)]


def unlike(findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each finding once, in the order in which they came."""
    seen: list[dict[str, Any]] = []
    for finding in findings:
        if finding not in seen:
            seen.append(dict(finding))
    return seen
