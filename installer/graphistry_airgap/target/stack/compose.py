"""The services of a release, judged from what `./graphistry ps` prints.

A service is good when its container runs and its health check, if it has one,
says healthy; a one-shot container is good when it ended with 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True)
class Container:
    service: str
    identity: str
    state: str
    health: str
    exit_code: int = 0

    @property
    def good(self) -> bool:
        if self.state == "exited":
            return self.exit_code == 0
        return self.state == "running" and self.health in ("", "healthy")

    @property
    def shown(self) -> str:
        state = f"exited with {self.exit_code}" if self.state == "exited" else self.state
        return f"{state}, health: {self.health}" if self.health else state


def read_rows(output: str) -> list[dict[str, Any]]:
    """Of `ps --format json`: Compose prints one JSON array, or since 2.21 one object a line.

    The vendor's wrapper may print warnings of its own among them.
    """
    found: list[dict[str, Any]] = []
    whole = _parsed(output)
    for parsed in map(_parsed, output.splitlines()) if whole is None else [whole]:
        found += [row for row in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(row, dict)]
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def read_ps(output: str) -> list[Container]:
    return [
        Container(
            str(row.get("Service") or ""),
            str(row.get("ID") or ""),
            str(row.get("State") or ""),
            str(row.get("Health") or ""),
            int(row.get("ExitCode") or 0),
        )
        for row in read_rows(output)
    ]


def waiting(wanted: Iterable[str], containers: Iterable[Container]) -> dict[str, str]:
    """Service to what is wrong with it, for every wanted service that is not good."""
    by_service: dict[str, list[Container]] = {}
    for container in containers:
        by_service.setdefault(container.service, []).append(container)
    bad = {}
    for service in wanted:
        mine = by_service.get(service, [])
        wrong = [container for container in mine if not container.good]
        if not mine:
            bad[service] = "no container"
        elif wrong:
            bad[service] = wrong[0].shown
    return bad


def idle(wanted: Iterable[str], containers: Collection[Container]) -> dict[str, str]:
    """Service to how its last container ended, for every wanted service of which none runs."""
    names = set(wanted) - {one.service for one in containers if one.state == "running"}
    return {one.service: one.shown for one in containers if one.service in names}


def likeliest_cause_first(bad: Mapping[str, str]) -> list[str]:
    """One that was never started waits for another; one that runs or ended has something to tell."""

    def rank(name: str) -> tuple[bool, bool, str]:
        state = bad[name]
        return state.startswith(("no container", "created")), "starting" in state, name

    return sorted(bad, key=rank)


def running(wanted: Iterable[str], containers: Iterable[Container]) -> dict[str, str]:
    """Container identity to state of the wanted services; two equal answers mean nothing changed."""
    names = set(wanted)
    return {
        c.identity: "running" if c.state == "running" else "not" for c in containers if c.service in names
    }


def started_at(text: str) -> float:
    """Docker's `StartedAt` has nanoseconds, which datetime does not read."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    moment = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return moment.timestamp() + float(f"0.{fraction or 0}")
