"""What a run of playbooks did, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REBOOT_REQUIRED = "reboot-required"


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
        tail = str(result.get("stderr") or result.get("module_stderr") or "").strip()
        if tail and tail not in message:
            message = f"{message}\n{tail[-1500:]}"
        known: dict[str, Any] = {
            key: result[key]
            for key in ("findings", "hint", "service", "log", "code", "details")
            if key in result
        }
        return cls(stage, task, message, known)


@dataclass(frozen=True)
class Recap:
    """`changed_tasks` has one {stage, task} per changed task; `findings` are preflight's, errors first.

    `gpu` is the plan that the configuration laid down, None where the site wants none; `driver` says what
    was decided and done about NVIDIA's driver, `vgpu` about a guest's licence, `exceptions` what
    stands on the host beside its hardening; None where the run did not get so far.
    """

    stages: list[StageRecap]
    changed_tasks: list[dict[str, str]]
    failures: list[Failure]
    findings: list[dict[str, str]] = field(default_factory=list)
    gpu: dict[str, Any] | None = None
    driver: dict[str, Any] | None = None
    vgpu: dict[str, Any] | None = None
    exceptions: list[dict[str, str]] | None = None

    @property
    def changed(self) -> int:
        return len(self.changed_tasks)
