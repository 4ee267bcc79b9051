"""Facts about the driver, and those packages of it that this run would install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...driver import facts as driver_host, plan as driver_plan
from ...packages.model import of_kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...host.machine import Host


def driver(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    return driver_host.probe(host, requirements["driver"])


def packages(facts: Mapping[str, Any], requirements: Mapping[str, Any], kernel: str) -> list[dict[str, str]]:
    """Every package that this run asks for: what each host gets, and what its kernel and driver need."""
    plan = driver_plan.make(facts, requirements["driver"])
    general = of_kernel(requirements["packages"], kernel)
    wanted = {item["name"]: item for item in (*general, *plan.packages)}
    return [dict(wanted[name]) for name in sorted(wanted)]
