"""A host's plan for a person: stage by stage, one line a change."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIGITS = 12


def lines(plan: Mapping[str, Any]) -> list[str]:
    what = f"Graphistry {plan['release']} on {plan['platform']}, from the bundle {plan['bundle']['id']}"
    if not (plan["changes"] or plan["unknown"] or plan["reboot"]):
        return [f"{what}: nothing to change."]
    told = [f"{what}: {_counted(len(plan['changes']), 'change')}, none of them made yet."]
    for stage, changes in groupby(plan["changes"], key=lambda one: one["stage"]):
        told += [f"{stage}:", *(f"  {line(one)}" for one in changes)]
    if plan["unknown"]:
        told.append("Not to be known before:")
        told += [f"  {one['stage']}: {one['task']} (until {one['until']} has run)" for one in plan["unknown"]]
    if plan["reboot"]:
        told.append(f"A reboot at the stage {plan['reboot']['stage']}: {plan['reboot']['reason']}")
    return told


def line(change: Mapping[str, Any]) -> str:
    before, after = (_shown(change["kind"], change[side]) for side in ("before", "after"))
    return f"{change['kind']} {change['what']}: {before} -> {after}"


def _shown(kind: str, value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, dict):
        if set(value) == {"secret"}:
            return "a secret"
        return ", ".join(f"{key} {_shown(key, inner)}" for key, inner in sorted(value.items()))
    if isinstance(value, str):
        digest = value.removeprefix("sha256:") if kind == "image" else value if kind == "sha256" else ""
        return digest[:_DIGITS] or value
    return json.dumps(value, ensure_ascii=False)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
