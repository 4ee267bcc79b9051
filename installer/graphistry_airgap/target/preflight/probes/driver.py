"""Facts about the driver, and those packages of it that this run would install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...driver import facts as driver_host, plan as driver_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...host.machine import Host


def driver(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    return driver_host.probe(host, requirements["driver"])


def packages(facts: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every package that this run asks for: what each host gets, and what this one's driver needs."""
    plan = driver_plan.make(facts, requirements["driver"])
    wanted = {item["name"]: item for item in (*requirements["packages"], *plan.packages)}
    return [dict(wanted[name]) for name in sorted(wanted)]
