"""The main job: from an opened bundle and a site file to a verified host and a receipt."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks import ladder as rungs
from graphistry_airgap.core import places, remarks
from graphistry_airgap.core.errors import RebootRequiredError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation import receipt
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.stages import Stage
from graphistry_airgap.target.change import merged
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from graphistry_airgap.installation.bring import Bring
    from graphistry_airgap.installation.ports import EventLog, Receipts
    from graphistry_airgap.installation.reboot.ask import Reboots
    from graphistry_airgap.installation.reboot.pending import Resumed
    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.request import Target

CLONES_SHARE_A_KEY = (
    f"This template holds the private key that DKMS signs modules with, {places.SIGNING_KEY}, and each "
    "clone would have it: before the image is made, do what the guide's page on the driver says of templates."
)


@dataclass(frozen=True)
class Install:
    bring: Bring
    receipts: Receipts
    event_log: EventLog
    packages_before: Callable[[], AbstractContextManager[dict[str, str]]]
    installed_packages: Callable[[], dict[str, str]]
    local_images: Callable[[list[str]], list[dict[str, str]]]
    has_signing_key: Callable[[], bool]
    reboots: Reboots

    def preflight(self, target: Target) -> Result:
        """All findings at once; changes nothing."""
        with self.event_log(places.RUN / "log", "preflight") as (_, log):
            recap = self.bring.play("preflight.yml", target, log)
        data = {"platform": target.provenance.platform, "findings": recap.findings}
        data["overrides"] = [asdict(override) for override in target.overrides]
        told = [*_of_inventory(target), *remarks.lines(recap.findings)]
        if recap.failures:
            return replace(failed(failure_of(recap.failures[0]), data), messages=told)
        return Result(data, ["Preflight found nothing that stops the installation.", *told])

    def run(self, target: Target, resumed: Resumed | None = None) -> Result:
        started = _now()
        reboot, waited = None, self.reboots.of_another_bundle(target)
        with self.packages_before() as before, self.event_log(places.LOGS, "install") as (log_path, log):
            recap, checks, problem = self.bring(target, log)
            if isinstance(problem, RebootRequiredError):
                reboot = self.reboots.demand(problem, target)
                problem, recap.stages[-1].failed = reboot.problem, not reboot.mode
            if not _stopped_before_any_change(recap):
                facts = {"reboot_required": reboot and reboot.record, "resumed": resumed and resumed.record}
                self._record(
                    target, recap, checks, facts, before=before, started=started, complete=problem is None
                )
                self.reboots.settle(target, complete=problem is None)
            # what a killed run changed and this one could not get to waits for the next
            if not (recap.changes and _stopped_before_any_change(recap)):
                self.bring.stages_begun.end()
        data = self._data(target, recap, checks, log_path)
        notes = [
            *(resumed.warnings if resumed else []),
            *waited,
            *_of_inventory(target),
            *remarks.lines(recap.findings),
        ]
        if reboot is not None and reboot.mode:
            reboot = self.reboots.restart(reboot)
            due = failed(reboot.problem, data | {"reboot": reboot.mode})
            return replace(due, messages=[*notes, *reboot.messages])
        if problem is not None:
            return replace(failed(problem, data), messages=notes)
        return Result(data=data, messages=[*notes, *_summary(target, data)])

    def _data(self, target: Target, recap: Recap, checks: dict[str, Any], log: Path) -> dict[str, Any]:
        return {
            "changed": recap.changed,
            "stages": [stage.as_dict() for stage in recap.stages],
            "findings": recap.findings,
            "overrides": [asdict(override) for override in target.overrides],
            "left_for_first_boot": self._left(target),
            "release": target.provenance.release,
            "bundle": {"id": target.provenance.id, "verified": target.provenance.verified},
            "checks": {key: checks.get(key, 0) for key in ("passed", "failed", "skipped")},
            "gpu_rungs": checks.get("rungs", []),
            "receipt": str(places.RECEIPT),
            "log": str(log),
        }

    def _left(self, target: Target) -> list[str]:
        return receipt.left_for_first_boot(target.site, signing_key=self.has_signing_key())

    def _record(
        self,
        target: Target,
        recap: Recap,
        checks: dict[str, Any],
        facts: dict[str, Any],
        *,
        before: dict[str, str],
        started: str,
        complete: bool,
    ) -> None:
        """Write the receipt unless this run found everything in place and recorded already."""
        last = self.receipts.load()
        same = last is not None and last.get("bundle", {}).get("sums_sha256") == target.provenance.sums
        same_site = last is not None and last.get("site") == target.site.as_dict()
        if (
            complete
            and not recap.changes
            and not recap.changed
            and same
            and same_site
            and last is not None
            and last.get("gpu") == recap.gpu
            and last.get("vgpu") == recap.vgpu
            and last.get("exceptions") == recap.exceptions
            and not receipt.unrecorded(recap.findings, last)
            and last.get("left_for_first_boot") == self._left(target)
            and rungs.outcomes(last.get("gpu_rungs", [])) == rungs.outcomes(checks.get("rungs", []))
            and last.get("overrides", []) == [asdict(override) for override in target.overrides]
            and last.get("inputs") == _inputs(target)
            and last.get("complete")
        ):
            return
        changes = receipt.package_changes(before, self.installed_packages())
        groups = target.bundle.platforms[target.provenance.platform].packages.values()
        # what somebody else installs meanwhile is not ours to record, nor to remove one day
        own = {package.name for group in groups for package in group}
        packages = [row for row in changes if row["name"] in own]
        if same and last is not None:
            packages = _merge_packages(last.get("packages", []), packages)
        document = receipt.compose(
            tool=__version__,
            site=target.site,
            bundle=target.provenance,
            recap=recap,
            packages=packages,
            images=self.local_images([image.name for image in target.bundle.images]),
            checks={key: checks[key] for key in ("passed", "failed", "skipped")} if checks else {},
            first_boot=self._left(target),
            started=started,
            finished=_now(),
            complete=complete,
        )
        if not complete and last is not None:
            # what a run did not get to is still as the run before left it
            document |= {
                key: last.get(key) for key in ("gpu", "driver", "vgpu", "exceptions") if document[key] is None
            }
        document["added_keys"] = receipt.added_keys(changes, (last or {}).get("added_keys", []))
        document |= receipt.taken_over(recap.findings, last or {})
        document["changes"] = merged((last or {}).get("changes", []), recap.changes)
        document["gpu_rungs"] = checks.get("rungs", [])
        document["inputs"] = _inputs(target)
        document["schema"] = receipt.version(document["inputs"])
        if target.overrides:
            document["overrides"] = [asdict(override) for override in target.overrides]
        document |= {key: value for key, value in facts.items() if value}
        self.receipts.save(document, stamp=started.replace(":", "").replace("-", ""))


def _stopped_before_any_change(recap: Recap) -> bool:
    return bool(recap.failures) and recap.failures[0].stage in {"", Stage.PREFLIGHT} and not recap.changed


def _merge_packages(
    earlier: list[dict[str, str | None]], now: list[dict[str, str | None]]
) -> list[dict[str, str | None]]:
    """Changes of an interrupted run and of the one that finished it, as one list."""
    merged = {row["name"]: dict(row) for row in earlier}
    for row in now:
        first = merged.get(row["name"], row)
        merged[row["name"]] = {"name": row["name"], "from": first["from"], "to": row["to"]}
    return [merged[name] for name in sorted(merged, key=str)]


def _inputs(target: Target) -> dict[str, str | None]:
    """For runs that name nothing."""
    inputs = {
        "site": str(target.site_path.absolute()),
        "keyring": str(target.keyring.absolute()) if target.keyring else None,
    }
    return inputs | ({"inventory": str(target.inventory.absolute())} if target.inventory else {})


def _of_inventory(target: Target) -> list[str]:
    if target.inventory and not target.overrides:
        # a misspelt name of a file is no error to Ansible
        return [f"The inventory {target.inventory} says nothing of this host, {target.host.name} in it."]
    return [override.told for override in target.overrides]


def _summary(target: Target, data: dict[str, Any]) -> list[str]:
    what = "template prepared" if target.site.is_template else "installed, running and verified"
    seconds = sum(stage["seconds"] for stage in data["stages"])
    return [
        f"Graphistry {data['release']}: {what} ({data['changed']} changed, {seconds:.0f} s).",
        f"Checks: {data['checks']['passed']} passed, {data['checks']['skipped']} not applicable.",
        *rungs.lines(data["gpu_rungs"]),
        *([CLONES_SHARE_A_KEY] if receipt.MODULE_SIGNING_KEY in data["left_for_first_boot"] else []),
        f"Receipt: {data['receipt']}   Log: {data['log']}",
    ]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
