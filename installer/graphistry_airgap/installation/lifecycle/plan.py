"""`plan`: what an installation would change, on each of its hosts; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.canonical import readable_json
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.lifecycle import plan_document, plan_text
from graphistry_airgap.installation.lifecycle.foretell import foretell
from graphistry_airgap.installation.outcome import summary
from graphistry_airgap.installation.outcome.results import of_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphistry_airgap.installation.bring import Bring
    from graphistry_airgap.installation.fleet.hold import Hold
    from graphistry_airgap.installation.ports import EventLog
    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.request import Decided, Target


@dataclass(frozen=True)
class MakePlan:
    """`write` puts bytes into a file; `clock` gives the time as receipts have it."""

    bring: Bring
    hold: Hold
    event_log: EventLog
    write: Callable[[Path, bytes], None]
    clock: Callable[[], str]

    def run(self, decided: Decided, output: Path | None) -> Result:
        """A plan is written where each host has one: half of a plan is none."""
        plans: dict[str, dict[str, Any]] = {}
        results: dict[str, Result] = {}
        with self.hold(decided) as held, self.event_log(places.RUN / "log", "plan") as (_, log):
            recaps = foretell(self.bring, held, log)
        for target in held.targets:
            name, recap = target.host.name, recaps[target.host.name]
            if recap.failed:
                results[name] = _refused(target, recap)
            else:
                plans[name] = plan_document.of_host(target, recap)
                results[name] = _told(target, recap, plans[name])
        result = of_all(results, held.refused)
        if output is None:
            return result
        if len(plans) < len(results) + len(held.refused):
            return replace(result, messages=[*result.messages, f"No plan was written to {output}."])
        document = plan_document.of_all(plans.values(), created=self.clock())
        self.write(output, readable_json(document))
        return replace(result, messages=[*result.messages, f"The plan: {output}"])


def _told(target: Target, recap: Recap, plan: dict[str, Any]) -> Result:
    return Result(plan, [*plan_text.lines(plan), *summary.notes(target, recap)])


def _refused(target: Target, recap: Recap) -> Result:
    """Where an installation would stop, there is nothing to foretell."""
    problem = failed(failure_of(recap.failures[0]), summary.of_preflight(target, recap))
    return replace(problem, messages=summary.notes(target, recap))
