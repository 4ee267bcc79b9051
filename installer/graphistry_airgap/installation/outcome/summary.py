"""What a run on one host says to its caller: the data of the envelope, and sentences for a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks import ladder as rungs
from graphistry_airgap.core import places, remarks
from graphistry_airgap.installation import receipt
from graphistry_airgap.target.driver.signing import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from graphistry_airgap.installation.outcome.record import Done
    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.request import Target

CLONES_SHARE_A_KEY = (
    f"This template holds the private key that DKMS signs modules with ({' or '.join(KEYS.values())}), and "
    "each clone would have it: before the image is made, do what the guide's page on the driver says of "
    "templates."
)


def data(done: Done, log: Path) -> dict[str, Any]:
    target, recap, checks = done.target, done.outcome.recap, done.outcome.checks
    return {
        "changed": recap.changed,
        "stages": [stage.as_dict() for stage in recap.stages],
        "findings": recap.findings,
        "overrides": [asdict(override) for override in target.overrides],
        "left_for_first_boot": done.left,
        "release": target.provenance.release,
        "bundle": {"id": target.provenance.id, "verified": target.provenance.verified},
        "checks": {key: checks.get(key, 0) for key in ("passed", "failed", "skipped")},
        "gpu_rungs": checks.get("rungs", []),
        "receipt": str(places.RECEIPT),
        "log": str(log),
    }


def of_preflight(target: Target, recap: Recap) -> dict[str, Any]:
    return {
        "platform": target.provenance.platform,
        "findings": recap.findings,
        "overrides": [asdict(override) for override in target.overrides],
    }


def notes(target: Target, recap: Recap) -> list[str]:
    return [*_of_inventory(target), *remarks.lines(recap.findings)]


def lines(target: Target, said: dict[str, Any]) -> list[str]:
    what = "template prepared" if target.site.is_template else "installed, running and verified"
    seconds = sum(stage["seconds"] for stage in said["stages"])
    return [
        f"Graphistry {said['release']}: {what} ({said['changed']} changed, {seconds:.0f} s).",
        f"Checks: {said['checks']['passed']} passed, {said['checks']['skipped']} not applicable.",
        *rungs.lines(said["gpu_rungs"]),
        *([CLONES_SHARE_A_KEY] if receipt.MODULE_SIGNING_KEY in said["left_for_first_boot"] else []),
        f"Receipt: {said['receipt']}   Log: {said['log']}",
    ]


def _of_inventory(target: Target) -> list[str]:
    if target.inventory and target.alone and not target.overrides:
        # a misspelt name of a file is no error to Ansible
        return [f"The inventory {target.inventory} says nothing of this host, {target.host.name} in it."]
    return [override.told for override in target.overrides]
