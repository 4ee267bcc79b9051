"""What the higher rungs showed last time, for a run that changed nothing.

It counts for the same boot, driver, GPUs, images and flavour alone.  `verify`
climbs every rung; a second `install` would spend most of its time on them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks.ladder import FAILED, PASSED, Outcome
from graphistry_airgap.target.host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from graphistry_airgap.target.gpu.smi import Answer

BOOT_ID = "/proc/sys/kernel/random/boot_id"


def key(answer: Answer, images: Sequence[Mapping[str, Any]], flavour: str, boot_id: str) -> str:
    seen = [
        answer.driver,
        sorted(gpu.uuid for gpu in answer.gpus),
        boot_id,
    ]
    there = sorted((image["name"], image["config"]) for image in images)
    return sha256(json.dumps([seen, there, flavour]).encode()).hexdigest()


@dataclass(frozen=True)
class Proof:
    path: Path

    def load(self, wanted: str) -> dict[int, Outcome]:
        """Empty where there is none for this key."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if kept["key"] != wanted:
                return {}
            said = f"shown at {kept['at']}, with the same boot, driver, GPUs and images"
            rows = {int(rung): Outcome(**outcome) for rung, outcome in kept["outcomes"].items()}
        except (OSError, ValueError, LookupError, TypeError):
            return {}
        return {
            rung: Outcome(PASSED, said) if outcome.state == PASSED else outcome
            for rung, outcome in rows.items()
        }

    def save(self, wanted: str, outcomes: Mapping[int, Outcome]) -> None:
        if any(outcome.state == FAILED for outcome in outcomes.values()):
            self.path.unlink(missing_ok=True)
            return
        rows = {str(rung): {"state": one.state, "reason": one.reason} for rung, one in outcomes.items()}
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.path.write_text(json.dumps({"key": wanted, "at": at, "outcomes": rows}), encoding="utf-8")
