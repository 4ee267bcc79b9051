"""Judgements about the operator's env files: what stands there is neither obeyed nor overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SEVERITIES = {"error": ERROR, "warning": WARNING}


def env_files(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    for file in profile["env_files"]:
        for problem in file["problems"]:
            if problem["severity"] not in _SEVERITIES:
                continue
            place = f"{file['path']}, line {problem['line']}: " if problem["line"] else ""
            yield Finding(
                _SEVERITIES[problem["severity"]],
                problem["code"],
                place + problem["message"],
                problem["message"],
                problem["needed"] or problem["hint"] or "a file that means what it says",
                problem["hint"],
                file["path"],
            )
