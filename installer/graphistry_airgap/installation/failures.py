"""What failed, as an error: a stage's task, a finding of preflight, a post-install test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import (
    AirgapError,
    BundleError,
    FindingsError,
    HostError,
    RebootRequiredError,
    StageError,
)
from graphistry_airgap.installation.stages import Stage

if TYPE_CHECKING:
    from graphistry_airgap.installation.recap import Failure


RESUME_HINT = (
    "mend the cause and run the same command again: it goes on from there and repeats nothing that is done"
)


def checks_error(checks: dict[str, Any]) -> AirgapError:
    """One error per cause: checks that failed with the same words are told together, each way out once."""
    report = f"details: {checks.get('junit', places.REPORTS / 'verify.xml')}"
    causes: dict[str, list[dict[str, Any]]] = {}
    for row in checks["tests"]:
        if row["outcome"] == "failed":
            causes.setdefault(row.get("message") or "it failed without a word", []).append(row)
    errors: list[AirgapError] = []
    for said, rows in causes.items():
        tests = ", ".join(row["test"] for row in rows)
        hints = dict.fromkeys(row["hint"] for row in rows if row.get("hint"))
        details = {"stage": Stage.VERIFY.value, "test": tests}
        message, hint = f"{said}\nfailed: {tests}", "; ".join(hints) or report
        errors.append(StageError(message, code="check-failed", hint=hint, details=details))
    return FindingsError(errors)


def failure_of(failure: Failure) -> AirgapError:
    """The error of a failed task; preflight gives one per finding, about the host or the bundle."""
    if failure.stage == Stage.PREFLIGHT:
        findings = [f for f in failure.details.get("findings", []) if f.get("severity") == "error"]
        if findings:
            return FindingsError([_finding_error(finding) for finding in findings])
    code = failure.details.get("code", "stage-failed")
    given = failure.details.get("details")
    details = dict(given) if isinstance(given, dict) else {}
    details |= {key: failure.details[key] for key in ("service", "log") if key in failure.details}
    details |= {"stage": failure.stage, "task": failure.task}
    if failure.asks_reboot:
        hint = failure.details.get("hint", "restart this host")
        return RebootRequiredError(failure.message, code=code, hint=hint, details=details)
    # what preflight would have found is about the host, too, when a stage is the first to see it;
    # and a medium that changes under a run is refused as at its start
    return _about(code, StageError)(
        f"stage {failure.stage or 'start'}, task “{failure.task}”: {failure.message}",
        code=code,
        hint=failure.details.get("hint", RESUME_HINT),
        details=details,
    )


def _about(code: str, otherwise: type[AirgapError]) -> type[AirgapError]:
    """What a code's first word says that the error is about, and so the exit code."""
    return {"host": HostError, "bundle": BundleError}.get(code.partition("-")[0], otherwise)


def _finding_error(finding: dict[str, Any]) -> AirgapError:
    code = str(finding.get("code", "finding"))
    details = {key: finding[key] for key in ("found", "needed", "path", "stig") if finding.get(key)}
    return _about(code, HostError)(
        str(finding.get("message", "")),
        code=code,
        hint=str(finding.get("hint", "")),
        details={**details, "stage": Stage.PREFLIGHT.value},
    )
