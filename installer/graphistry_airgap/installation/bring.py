"""Bring a host to what is asked for, by its stages or by seeing that none has anything to do; and test it."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import AirgapError, attempt
from graphistry_airgap.installation.failures import checks_error, failure_of
from graphistry_airgap.installation.recap import Failure, Recap, StageRecap
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES, TEMPLATE_STAGES, Stage
from graphistry_airgap.installation.variables import check_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.ports import HostChecks, Hosts, PlaybookRunner
    from graphistry_airgap.installation.request import Target

    Log = Callable[[dict[str, Any]], None]
    # waits for post-install tests, and tells what they say
    Tests = Callable[[], dict[str, Any]]


@dataclass
class Outcome:
    """Of one host: what was played, what the post-install tests said, and what is wrong."""

    recap: Recap
    checks: dict[str, Any] = field(default_factory=dict)
    problem: AirgapError | None = None

    @property
    def stopped_before_any_change(self) -> bool:
        failures = self.recap.failures
        return bool(failures) and failures[0].stage in {"", Stage.PREFLIGHT} and not self.recap.changed


@dataclass(frozen=True)
class Bring:
    """`variables` gives the roles' for a target."""

    runner: PlaybookRunner
    checks: HostChecks
    hosts: Hosts
    progress: Progress
    variables: Callable[[Target], dict[str, Any]]
    work_root: Path = places.RUN

    def __call__(self, targets: Sequence[Target], log: Log) -> dict[str, Outcome]:
        """Stages and tests; a host that has all in place is tested alone, and what a test finds is theirs."""
        outcomes: dict[str, Outcome] = {}
        likely = [one for one in targets if one.installed]
        with self._tests_beside(likely) as begun:
            asked = self.ask(likely, log)
            for target in likely:
                recap = asked[target.host.name]
                if recap.differs:
                    self._note(target, _difference(recap.differs))
                if not recap.in_place:
                    continue
                outcome = self._test(target, recap, begun)
                if outcome.problem is None:
                    outcomes[target.host.name] = outcome
                else:
                    self._note(target, f"not in place: {_first_line(outcome.problem.message)} (verify)")
        left = [one for one in targets if one.host.name not in outcomes]
        return outcomes | (self._play_stages(left, log) if left else {})

    @contextmanager
    def _tests_beside(self, targets: Sequence[Target]) -> Iterator[Tests | None]:
        """Of one host, beside the question whether all is in place; they are wanted where it is.

        Several hosts are tested one after the other: each takes a process of this machine.
        """
        if len(targets) != 1:
            yield None
            return
        with self.checks(_facts(targets[0], unchanged=True), host=targets[0].host) as tests:
            yield tests

    def ask(self, targets: Sequence[Target], log: Log) -> dict[str, Recap]:
        """Whether each has all in place; where something differs, what does."""
        if not targets:
            return {}
        return self.play("in-place.yml", targets, log, in_place_stages=list(_stages(targets[0])))

    def foretell(self, targets: Sequence[Target], log: Log) -> dict[str, Recap]:
        """What the stages would do; nothing is changed."""
        return self.play(_playbook(targets), targets, log, check=True) if targets else {}

    def _note(self, target: Target, text: str) -> None:
        self.progress.note(text if target.alone else f"{target.host.name}: {text}")

    def _play_stages(self, targets: Sequence[Target], log: Log) -> dict[str, Outcome]:
        begun = self.hosts.ask(
            [(one.host, {"ask": "begin", "package_system": one.package_system}) for one in targets]
        )
        outcomes: dict[str, Outcome] = {}
        for target in targets:
            said = begun[target.host.name]
            if isinstance(said, AirgapError):
                outcomes[target.host.name] = unbegun(said)
        ready = {one.host.name: one for one in targets if one.host.name not in outcomes}
        if not ready:
            return outcomes

        def recorded(line: dict[str, Any]) -> None:
            if changes := line.get("changes"):
                self.hosts.add(ready[line["host"]].host, changes)
            log(line)

        recaps = self.play(_playbook(targets), [*ready.values()], recorded)
        for name, target in ready.items():
            recap, earlier = recaps[name], begun[name]
            if isinstance(earlier, dict):
                recap.changes = [*earlier["changes"], *recap.changes]
            _refuse_incomplete(recap, _stages(target))
            outcomes[name] = self._test(target, recap)
        return outcomes

    def _test(self, target: Target, recap: Recap, begun: Tests | None = None) -> Outcome:
        if recap.failures:
            return Outcome(recap, {}, failure_of(recap.failures[0]))
        if target.alone:
            return self._verify(target, recap, begun)
        # tests that cannot run on one host must not keep the others from being recorded
        said = attempt(partial(self._verify, target, recap, begun))
        return Outcome(recap, {}, said) if isinstance(said, AirgapError) else said

    def play(
        self, playbook: str, targets: Sequence[Target], log: Log, *, check: bool = False, **variables: Any
    ) -> dict[str, Recap]:
        return self.runner(
            playbook,
            hosts={one.host.name: {**one.connection, **self.variables(one), **variables} for one in targets},
            work_root=self.work_root,
            progress=self.progress,
            log=log,
            check=check,
        )

    def _verify(self, target: Target, recap: Recap, begun_before: Tests | None) -> Outcome:
        stage = Stage.VERIFY if target.alone else f"{Stage.VERIFY} {target.host.name}"
        self.progress.stage(stage)
        begun = datetime.now(UTC)
        facts = _facts(target, unchanged=not recap.changed)
        tests = nullcontext(begun_before) if begun_before else self.checks(facts, host=target.host)
        with tests as result:
            checks = result()
        seconds = round((datetime.now(UTC) - begun).total_seconds(), 2)
        failed = checks["failed"] > 0
        recap.stages.append(StageRecap(Stage.VERIFY, 0, seconds, failed=failed, ended=True))
        self.progress.stage_done(stage, 0, seconds, failed=failed)
        return Outcome(recap, checks, checks_error(checks) if failed else None)


def _facts(target: Target, *, unchanged: bool) -> dict[str, Any]:
    return check_facts(target.site, target.bundle, target.provenance) | {"unchanged": unchanged}


def unbegun(error: AirgapError) -> Outcome:
    """Of a host that could not be asked any more."""
    recap = Recap()
    recap.failures.append(Failure("", "record", error.message))
    return Outcome(recap, {}, error)


def _stages(target: Target) -> tuple[Stage, ...]:
    return TEMPLATE_STAGES if target.site.is_template else PLAYBOOK_STAGES


def _playbook(targets: Sequence[Target]) -> str:
    return "template.yml" if targets[0].site.is_template else "install.yml"


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
