"""What is installed on hosts, and how each service is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places, remarks
from graphistry_airgap.core.errors import AirgapError, ExitCode, InputError, StageError, attempt
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.outcome.results import of_all
from graphistry_airgap.installation.reboot.pending import RESUME_COMMAND, not_rebooted
from graphistry_airgap.installation.receipt import parse_receipt
from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.target import finding as findings
from graphistry_airgap.target.preflight.judges import (
    host as findings_host,
    kernel as findings_kernel,
)
from graphistry_airgap.target.record.services import RELEASE_GONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from graphistry_airgap.installation.fleet.inventory import InventoryHost
    from graphistry_airgap.installation.ports import ResumeState

# what a receipt says about a driver that was put there, or that was good enough already
_WITH_DRIVER = ("install", "leave")


@dataclass(frozen=True)
class Status:
    """`ask_hosts` is `Hosts.ask`; `resume_state` and `boot_id` are of the machine that the tool runs on."""

    ask_hosts: Callable[..., dict[str, dict[str, Any] | AirgapError]]
    resume_state: ResumeState
    boot_id: Callable[[], str]
    today: Callable[[], str]

    def run(self, hosts: Sequence[InventoryHost]) -> Result:
        """Exit 1 when an installed server has a service that is not healthy, or nothing is installed."""
        said = self.ask_hosts([(host, {"ask": "status"}) for host in hosts])
        return of_all({host.name: self._of(host, said[host.name]) for host in hosts}, {})

    def _of(self, host: InventoryHost, said: Mapping[str, Any] | AirgapError) -> Result:
        result = said if isinstance(said, AirgapError) else attempt(partial(self._told, host, said))
        return failed(result) if isinstance(result, AirgapError) else result

    def _told(self, host: InventoryHost, said: Mapping[str, Any]) -> Result:
        if said["receipt"] is None:
            raise StageError(
                "nothing is installed here: there is no receipt",
                code="not-installed",
                hint="install from a bundle: sh <bundle>/install.sh --keyring FILE",
            )
        receipt = parse_receipt(said["receipt"], places.RECEIPT)
        release = Path(receipt["site"]["root"]) / "releases" / receipt["bundle"]["release"]
        services, errors = _services(receipt, said["services"])
        sick = [row for row in services if not is_well(row)]
        data = {
            "release": receipt["bundle"]["release"],
            "purpose": receipt["purpose"],
            "complete": receipt["complete"],
            "bundle": receipt["bundle"]["id"],
            "installed": receipt["finished"],
            "services": services,
            "unhealthy": [row["service"] for row in sick],
            "resume": (resume := self._resume() if host.local else None),
            "kernels": (boot := said["kernels"]),
        }
        errors += _sick(sick, release)
        if not receipt["complete"]:
            errors.append(
                StageError(
                    f"the last installation did not finish{_waits(resume)}",
                    code="incomplete",
                    hint=(resume or {}).get("next")
                    or "run the same install command again; it goes on from there",
                )
            )
        elif said["stages_begun"]:
            # a receipt of the run before says nothing of one that was killed
            errors.append(
                StageError(
                    "stages of an installation have begun and are not through: it runs now, or was killed",
                    code="incomplete",
                    hint="if none runs, run the same install command again; it goes on from there",
                )
            )
        told, faults = _kernels(boot, receipt)
        told += self._pythons(host, receipt)
        errors += faults
        exit_code = ExitCode.FAILED if errors else ExitCode.OK
        return Result(data=data, messages=[*_table(data), *told], exit_code=exit_code, errors=errors)

    def _pythons(self, host: InventoryHost, receipt: dict[str, Any]) -> list[str]:
        platform = PLATFORMS.get(receipt["bundle"].get("platform", ""))
        if platform is None:
            return []
        found = findings_host.python_lives(platform.pythons(own=host.local), today=self.today())
        return remarks.lines([one.as_dict() for one in found])

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


def _services(
    receipt: dict[str, Any], told: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[AirgapError]]:
    """One row per service of the release, and why there are none; `told` is of `target.record.services`."""
    if refusal := told.get("refusal"):
        # an installation that did not finish need not have come to its release
        if refusal["code"] == RELEASE_GONE and not receipt["complete"]:
            return [], []
        details = {"path": refusal["path"]}
        return [], [
            StageError(refusal["message"], code=refusal["code"], hint=refusal["hint"], details=details)
        ]
    rows = {row["service"]: row for row in told.get("found", ())}
    absent = {"state": "absent", "health": "none", "image": "", "ports": []}
    return [rows.get(name, {"service": name, **absent}) for name in told.get("defined", ())], []


def _sick(rows: list[dict[str, Any]], release: Path) -> list[AirgapError]:
    """One error for all services that are in one state, since one cause mostly is behind them."""
    states: dict[str, list[str]] = {}
    for row in rows:
        states.setdefault(f"{row['state']}/{row['health']}", []).append(row["service"])
    return [
        StageError(
            f"{'service' if len(names) == 1 else 'services'} {', '.join(names)} "
            f"{'is' if len(names) == 1 else 'are'} {state}",
            code="service-unhealthy",
            hint=f"cd {release} && ./graphistry logs --tail=50 {' '.join(names)}",
            details={"service": ", ".join(names)},
        )
        for state, names in states.items()
    ]


def _kernels(boot: dict[str, Any], receipt: dict[str, Any]) -> tuple[list[str], list[AirgapError]]:
    """Kernels without NVIDIA's modules; an error only where the receipt has a driver."""
    told: list[str] = []
    errors: list[AirgapError] = []
    recorded = (receipt.get("driver") or {}).get("action") in _WITH_DRIVER
    for finding in findings_kernel.judge(boot, receipt["bundle"].get("platform", ""), {}, expected=recorded):
        if finding.severity == findings.ERROR and recorded:
            details = {"found": finding.found, "needed": finding.needed}
            errors.append(StageError(finding.message, code=finding.code, hint=finding.hint, details=details))
        else:
            told += remarks.lines([{**finding.as_dict(), "severity": remarks.WARNING}])
    return told, errors


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
