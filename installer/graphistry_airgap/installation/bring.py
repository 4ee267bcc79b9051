"""Bring a host to what is asked for, by its stages or by seeing that none has anything to do; and test it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.installation.failures import checks_error, failure_of
from graphistry_airgap.installation.recap import Failure, Recap, StageRecap
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES, TEMPLATE_STAGES, Stage
from graphistry_airgap.installation.variables import check_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from graphistry_airgap.core.errors import AirgapError
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.ports import HostChecks, PlaybookRunner, Receipts, StagesBegun
    from graphistry_airgap.installation.request import Target

    Log = Callable[[dict[str, Any]], None]
    # what was played, what the post-install tests said, and what is wrong
    Outcome = tuple[Recap, dict[str, Any], AirgapError | None]


@dataclass(frozen=True)
class Bring:
    """`variables` gives the roles' for a target."""

    runner: PlaybookRunner
    checks: HostChecks
    receipts: Receipts
    stages_begun: StagesBegun
    progress: Progress
    variables: Callable[[Target], dict[str, Any]]
    work_root: Path = places.RUN

    def __call__(self, target: Target, log: Log) -> Outcome:
        """Stages and tests; a host that has all in place is tested alone, and what a test finds is theirs."""
        if asked := self._ask(target, log):
            outcome = self._test(target, asked)
            _, _, problem = outcome
            if problem is None or not asked.in_place:
                return outcome
            self.progress.note(f"not in place: {_first_line(problem.message)} (verify)")
        return self._test(target, self._play_stages(target, log))

    def _ask(self, target: Target, log: Log) -> Recap | None:
        """Whether anything is left to do; None where the stages have to be played to know."""
        if self.stages_begun.there() or not _installed_by(target, self.receipts.load()):
            return None
        recap = self.play("in-place.yml", target, log, in_place_stages=list(_stages(target)))
        if recap.in_place or _refused_by_preflight(recap):
            return recap
        if recap.differs:
            self.progress.note(_difference(recap.differs))
        return None

    def _play_stages(self, target: Target, log: Log) -> Recap:
        begun = self.stages_begun.begin()

        def recorded(line: dict[str, Any]) -> None:
            self.stages_begun.add(line.get("changes", ()))
            log(line)

        recap = self.play("template.yml" if target.site.is_template else "install.yml", target, recorded)
        recap.changes = [*begun, *recap.changes]
        _refuse_incomplete(recap, _stages(target))
        return recap

    def _test(self, target: Target, recap: Recap) -> Outcome:
        if recap.failures:
            return recap, {}, failure_of(recap.failures[0])
        return recap, *self._verify(target, recap)

    def play(self, playbook: str, target: Target, log: Log, **variables: Any) -> Recap:
        name, connection = target.host.name, target.host.connection
        recaps = self.runner(
            playbook,
            hosts={name: {**connection, **self.variables(target), **variables}},
            work_root=self.work_root,
            progress=self.progress,
            log=log,
        )
        return recaps[name]

    def _verify(self, target: Target, recap: Recap) -> tuple[dict[str, Any], AirgapError | None]:
        self.progress.stage(Stage.VERIFY)
        begun = datetime.now(UTC)
        facts = check_facts(target.site, target.bundle, target.provenance)
        checks = self.checks(facts | {"unchanged": not recap.changed}, reports=places.REPORTS)
        seconds = round((datetime.now(UTC) - begun).total_seconds(), 2)
        failed = checks["failed"] > 0
        recap.stages.append(StageRecap(Stage.VERIFY, 0, seconds, failed=failed, ended=True))
        self.progress.stage_done(Stage.VERIFY, 0, seconds, failed=failed)
        return checks, checks_error(checks) if failed else None


def _stages(target: Target) -> tuple[Stage, ...]:
    return TEMPLATE_STAGES if target.site.is_template else PLAYBOOK_STAGES


def _installed_by(target: Target, last: dict[str, Any] | None) -> bool:
    """Whether the run before brought a host to its end with the very same bundle."""
    return bool(last and last.get("complete") and last["bundle"].get("sums_sha256") == target.provenance.sums)


def _difference(differs: dict[str, Any]) -> str:
    """For the operator: why the stages are played after all."""
    things = list(dict.fromkeys(one["what"] for one in differs["changes"]))
    not_well = differs["not_well"].items()
    things += [f"service {name}: {state}" for name, state in not_well if name not in things]
    unknown = differs["unknown_until"] and f"unknown until {differs['unknown_until']}"
    what = ", ".join(things) or _first_line(differs["refused"]) or unknown
    return f"not in place: {what} ({differs['stage']}: {differs['task']})"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _refuse_incomplete(recap: Recap, wanted: Sequence[Stage]) -> None:
    """A stage that the playbooks silently skipped must not count as done."""
    ran = [stage.name for stage in recap.stages]
    if not recap.failures and ran != [stage.value for stage in wanted]:
        recap.failures.append(Failure("", "stages", f"stages ran: {ran}, expected: {list(wanted)}"))


def _refused_by_preflight(recap: Recap) -> bool:
    return bool(recap.failures) and recap.failures[0].stage == Stage.PREFLIGHT
