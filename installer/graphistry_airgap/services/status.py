"""What is installed here, and how each service is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.domain.errors import ExitCode, InputError, StageError
from graphistry_airgap.domain.result import Result
from graphistry_airgap.plugins.module_utils.airgap import findings, findings_kernel
from graphistry_airgap.services.reboots import RESUME_COMMAND
from graphistry_airgap.services.resume import not_rebooted

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.services.ports import Receipts, ResumeState

# what a receipt says about a driver that was put there, or that was good enough already
_WITH_DRIVER = ("install", "leave")


@dataclass(frozen=True)
class Status:
    receipts: Receipts
    defined_services: Callable[[Path], list[str]]
    stack_services: Callable[[Path], list[dict[str, Any]]]
    resume_state: ResumeState
    boot_id: Callable[[], str]
    boot: Callable[[], dict[str, Any]]

    def run(self) -> Result:
        """Exit 1 when an installed server has a service that is not healthy, or nothing is installed."""
        receipt = self.receipts.load()
        if receipt is None:
            raise StageError(
                "nothing is installed here: there is no receipt",
                code="not-installed",
                hint="install from a bundle: sh <bundle>/install.sh --keyring FILE",
            )
        release = Path(receipt["site"]["root"]) / "releases" / receipt["bundle"]["release"]
        wanted = [] if receipt["purpose"] == "template" else self.defined_services(release)
        rows = {row["service"]: row for row in self.stack_services(release)}
        absent = {"state": "absent", "health": "none", "image": "", "ports": []}
        services = [rows.get(name, {"service": name, **absent}) for name in wanted]
        sick = [row["service"] for row in services if not is_well(row)]
        data = {
            "release": receipt["bundle"]["release"],
            "purpose": receipt["purpose"],
            "complete": receipt["complete"],
            "bundle": receipt["bundle"]["id"],
            "installed": receipt["finished"],
            "services": services,
            "unhealthy": sick,
            "resume": (resume := self._resume()),
            "kernels": (boot := self.boot()),
        }
        errors = [
            StageError(
                f"service {name} is {rows.get(name, absent)['state']}/{rows.get(name, absent)['health']}",
                code="service-unhealthy",
                hint=f"cd {release} && ./graphistry logs --tail=50 {name}",
                details={"service": name},
            )
            for name in sick
        ]
        if not receipt["complete"]:
            errors.append(
                StageError(
                    f"the last installation did not finish{_waits(resume)}",
                    code="incomplete",
                    hint=(resume or {}).get("next")
                    or "run the same install command again; it goes on from there",
                )
            )
        remarks, faults = _kernels(boot, receipt)
        errors += faults
        exit_code = ExitCode.FAILED if errors else ExitCode.OK
        return Result(data=data, messages=[*_table(data), *remarks], exit_code=exit_code, errors=list(errors))

    def _resume(self) -> dict[str, Any] | None:
        """The reboot that an installation waits for, or waited for."""
        try:
            pending = self.resume_state.load()
        except InputError as error:
            return {"unreadable": error.message, "next": error.hint}
        if pending is None:
            return None
        due = pending.boot_id == self.boot_id()
        return {
            "stage": pending.stage,
            "reason": pending.reason,
            "reboot": pending.mode,
            "reboot_due": due,
            "bundle": pending.bundle.id,
            "next": not_rebooted(pending).hint if due else f"run: {RESUME_COMMAND}",
        }


def _kernels(boot: dict[str, Any], receipt: dict[str, Any]) -> tuple[list[str], list[StageError]]:
    """Kernels without NVIDIA's modules; an error only where the receipt has a driver."""
    remarks, errors = [], []
    recorded = (receipt.get("driver") or {}).get("action") in _WITH_DRIVER
    for finding in findings_kernel.judge(boot, receipt["bundle"].get("platform", ""), {}, expected=recorded):
        if finding.severity == findings.ERROR and recorded:
            errors.append(StageError(finding.message, code=finding.code, hint=finding.hint))
        else:
            remarks.append(f"warning: {finding.message}; {finding.hint}")
    return remarks, errors


def _waits(resume: dict[str, Any] | None) -> str:
    if not resume or "stage" not in resume:
        return ""
    if resume["reboot_due"]:
        return f": it waits for a reboot of this host ({resume['reason']})"
    return f": it has to be resumed after the reboot for stage {resume['stage']}"


def is_well(row: dict[str, Any]) -> bool:
    """Healthy, or running where the image defines no health check."""
    return bool(row["health"] == "healthy" or (row["health"] == "none" and row["state"] == "running"))


def _table(data: dict[str, Any]) -> list[str]:
    head = (
        f"Graphistry {data['release']} ({data['purpose']}), bundle {data['bundle'][:12]}, {data['installed']}"
    )
    rows = [
        f"  {row['service']:<22} {row['state']:<10} {row['health']:<10} {' '.join(row['ports'])}".rstrip()
        for row in data["services"]
    ]
    well = len(data["services"]) - len(data["unhealthy"])
    tail = [f"{well} of {len(data['services'])} services are well"] if data["services"] else []
    if data["resume"]:
        tail.append(
            f"An installation waits for a reboot or for being resumed; next: {data['resume']['next']}"
        )
    return [head, *rows, *tail]
