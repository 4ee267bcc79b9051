"""What a start of the services changes: containers that are made, made anew or started, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..change import Change, Mask, compared
from .compose import running

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .compose import Container
    from .recreate import Drift

SUBJECT = "services"


def of_services(
    services: Iterable[str],
    containers: Collection[Container],
    drift: Drift,
    *,
    reread: dict[str, list[str]],
    mask: Mask,
) -> list[Change]:
    """`reread`: services that are made anew for files which they read at their start.

    Any variable may hold a secret, so all values are masked.
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for service in services:
        mine = [one for one in containers if one.service == service]
        runs = service not in drift.stopped and all(one.good or one.state == "running" for one in mine)
        before[service], after[service] = {"running": runs} if mine else None, {"running": True}
        for side, state in zip((0, 1), (before[service], after[service])):
            if state is None:
                continue
            if service in drift.anew:
                state["variables"] = {
                    name: mask.of(name, drift.values[service][name][side]) for name in drift.anew[service]
                }
            if service in drift.shapes:
                state.update(drift.shapes[service][side])
        if service in reread:
            after[service]["reread"] = reread[service]
    return compared(SUBJECT, "container", before, after)


def made(
    changes: Iterable[Change], before: Collection[Container], after: Collection[Container]
) -> list[Change]:
    """Those that came true: Compose leaves a container that is as its own arithmetic wants it."""
    return [one for one in changes if running([one.what], before) != running([one.what], after)]
