"""What a run of playbooks did on a host, stage by stage."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from graphistry_airgap.core import remarks
from graphistry_airgap.target.change import withheld

REBOOT_REQUIRED = "reboot-required"
# all that Ansible says where a program, or the interpreter in its first line, is not there
_NOT_RUN = "Error executing command."


@dataclass
class StageRecap:
    """`changed` counts changed tasks, `seconds` is wall time."""

    name: str
    changed: int = 0
    seconds: float = 0.0
    failed: bool = False
    ended: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"stage": self.name, "changed": self.changed, "seconds": self.seconds, "failed": self.failed}


@dataclass(frozen=True)
class Failure:
    """`details` holds what our own modules say beside the message: findings, hint, service, log."""

    stage: str
    task: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def asks_reboot(self) -> bool:
        """A module that found a reboot due ends its stage, but nothing went wrong."""
        return self.details.get("code") == REBOOT_REQUIRED

    @classmethod
    def from_result(cls, stage: str, task: str, result: dict[str, Any]) -> Failure:
        message = str(result.get("msg") or "the task failed without a message")
        if "censored" in result:
            message = "the task failed; its output is withheld because it handles a secret"
        if message == _NOT_RUN and result.get("cmd"):
            message = (
                f"{result['cmd']}: {os.strerror(int(result.get('rc') or 0))}\nthis program cannot be run"
            )
        # a program's own words come before Ansible's, and Ansible's before the traceback of a module
        said, traceback = (str(result.get(key) or "").strip() for key in ("stderr", "module_stderr"))
        parts = [said if said not in message else "", message, traceback if traceback not in message else ""]
        message = "\n".join(filter(None, parts))
        known: dict[str, Any] = {
            key: result[key]
            for key in ("findings", "hint", "service", "log", "code", "details")
            if key in result
        }
        return cls(stage, task, message, known)


@dataclass
class Recap:
    """What one host's tasks said; it grows while they run.

    `changed_tasks` has one {stage, task} per changed task; `findings` are preflight's, errors first, then
    what the tasks of later stages had to tell.

    `unknown` has one {stage, task, until} per task that could not foretell what it would do before the stage
    `until` has run.

    `gpu` is the plan that the configuration laid down, None where the site wants none; `driver` says what
    was decided and done about NVIDIA's driver, `vgpu` about a guest's licence, `exceptions` what
    stands on the host beside its hardening; None where the run did not get so far.  `changes` are what the
    modules made, each with its stage.  `in_place` says whether a host is as the stages would leave it, and
    `differs` what is not; None where that was not asked.  `record` is the answer of the module of that name.
    """

    stages: list[StageRecap] = field(default_factory=list)
    changed_tasks: list[dict[str, str]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    gpu: dict[str, Any] | None = None
    driver: dict[str, Any] | None = None
    vgpu: dict[str, Any] | None = None
    exceptions: list[dict[str, str]] | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, str]] = field(default_factory=list)
    in_place: bool | None = None
    differs: dict[str, Any] | None = None
    record: dict[str, Any] | None = None

    @property
    def changed(self) -> int:
        return len(self.changed_tasks)

    def take(
        self, stage: str, task: str, result: dict[str, Any], *, changed: bool, failed: bool
    ) -> list[dict[str, Any]]:
        """A task's result, with the keys that our modules give beside Ansible's own; gives its changes."""
        self.findings = remarks.unlike([*self.findings, *remarks.of_task(task, result)])
        self.gpu = result.get("gpu_plan", self.gpu)
        self.exceptions = result.get("exceptions", self.exceptions)
        self.in_place = result.get("in_place", self.in_place)
        self.differs = result.get("differs", self.differs)
        self.record = result.get("record", self.record)
        if "driver_plan" in result:
            # the plan first, then what each module adds to it; packages are recorded as they were installed
            decided = {key: value for key, value in result["driver_plan"].items() if key != "packages"}
            self.driver = {**(self.driver or {}), **decided}
        if "vgpu_state" in result:
            self.vgpu = {**(self.vgpu or {}), **result["vgpu_state"]}
        if changed:
            self.stages[-1].changed += 1
            self.changed_tasks.append({"stage": stage, "task": task})
        if until := result.get("unknown_until"):
            self.unknown.append({"stage": stage, "task": task, "until": until})
        made = [{"stage": stage, **one} for one in _made(result, failed=failed)]
        self.changes += made
        if failed:
            self.failures.append(Failure.from_result(stage, task, result))
        return made

    def begin(self, stage: str) -> None:
        self.stages.append(StageRecap(stage))

    def end(self, seconds: float) -> None:
        """The stage that runs, if this host still takes part in one."""
        if self.stages and not self.stages[-1].ended:
            stage = self.stages[-1]
            stage.ended, stage.seconds = True, seconds
            stage.failed = self.failed

    @property
    def failed(self) -> bool:
        return any(not failure.asks_reboot for failure in self.failures)


def _made(result: dict[str, Any], *, failed: bool) -> list[dict[str, Any]]:
    """The changes of a task; a loop has them in each of its rounds, also in those before one that failed."""
    rounds = [one for one in result.get("results") or [] if isinstance(one, dict)]
    done = [one for one in rounds if not one.get("failed")] or ([] if failed else [result])
    made = [change for one in done if one.get("changed") for change in one.get("changes") or []]
    return [{**one, "before": withheld(one["before"]), "after": withheld(one["after"])} for one in made]
