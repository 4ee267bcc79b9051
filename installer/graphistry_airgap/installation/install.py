"""The main job: from an opened bundle and a site file to verified hosts and a receipt on each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import RebootRequiredError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.outcome import summary
from graphistry_airgap.installation.outcome.record import Done, now
from graphistry_airgap.installation.outcome.results import of_all
from graphistry_airgap.installation.reboot.ask import elsewhere

if TYPE_CHECKING:
    from pathlib import Path

    from graphistry_airgap.installation.bring import Bring
    from graphistry_airgap.installation.fleet.hold import Hold
    from graphistry_airgap.installation.lifecycle.planned import Planned
    from graphistry_airgap.installation.outcome.record import Record
    from graphistry_airgap.installation.ports import EventLog
    from graphistry_airgap.installation.reboot.ask import Demand, Reboots
    from graphistry_airgap.installation.reboot.pending import Resumed
    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.request import Decided, Target


@dataclass(frozen=True)
class Install:
    bring: Bring
    hold: Hold
    record: Record
    event_log: EventLog
    reboots: Reboots

    def preflight(self, decided: Decided) -> Result:
        """All findings at once; changes nothing."""
        recaps: dict[str, Recap] = {}
        with self.hold(decided) as held, self.event_log(places.RUN / "log", "preflight") as (_, log):
            if held.targets:
                recaps = self.bring.play("preflight.yml", held.targets, log)
        results = {one.host.name: _judged(one, recaps[one.host.name]) for one in held.targets}
        return of_all(results, held.refused)

    def run(self, decided: Decided, resumed: Resumed | None = None, planned: Planned | None = None) -> Result:
        """With a plan what that says, or nothing."""
        started = now()
        with self.hold(decided) as held, self.event_log(places.LOGS, "install") as (log_path, log):
            if planned is not None:
                planned.require(self.bring, held, log)
            outcomes = self.bring(held.targets, log)
            ended = [Done(one, outcomes[one.host.name], notes=self._waited(one)) for one in held.targets]
            demands = {done.target.host.name: self._demand(done) for done in ended}
            for done in ended:
                demand = demands[done.target.host.name]
                done.facts["reboot_required"] = demand and demand.record
                done.facts["resumed"] = resumed and resumed.record
            self.record(ended, started=started)
            for done in ended:
                if done.target.host.local and not done.outcome.stopped_before_any_change:
                    self.reboots.settle(done.target, complete=done.complete)
        results = {
            done.target.host.name: self._result(done, demands[done.target.host.name], resumed, log_path)
            for done in ended
        }
        return of_all(results, held.refused)

    def _waited(self, target: Target) -> list[str]:
        return self.reboots.of_another_bundle(target) if target.host.local else []

    def _demand(self, done: Done) -> Demand | None:
        """A reboot that a stage asks for is remembered before anything else happens."""
        outcome = done.outcome
        if not isinstance(outcome.problem, RebootRequiredError):
            return None
        ask = self.reboots.demand if done.target.host.local else elsewhere
        demand = ask(outcome.problem, done.target)
        outcome.problem, outcome.recap.stages[-1].failed = demand.problem, not demand.mode
        return demand

    def _result(self, done: Done, demand: Demand | None, resumed: Resumed | None, log: Path) -> Result:
        outcome, data = done.outcome, summary.data(done, log)
        warned = resumed.warnings if resumed else []
        notes = [*warned, *done.notes, *summary.notes(done.target, outcome.recap)]
        if demand is not None and demand.mode:
            demand = self.reboots.restart(demand)
            due = failed(demand.problem, data | {"reboot": demand.mode})
            return replace(due, messages=[*notes, *demand.messages])
        if outcome.problem is not None:
            return replace(failed(outcome.problem, data), messages=notes)
        return Result(data=data, messages=[*notes, *summary.lines(done.target, data)])


def _judged(target: Target, recap: Recap) -> Result:
    data = summary.of_preflight(target, recap)
    told = summary.notes(target, recap)
    if recap.failures:
        return replace(failed(failure_of(recap.failures[0]), data), messages=told)
    return Result(data, ["Preflight found nothing that stops the installation.", *told])
