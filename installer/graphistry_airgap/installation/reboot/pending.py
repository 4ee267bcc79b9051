"""What is remembered across a reboot, and how often a stage may ask for one.

The state is written before the run ends with exit 10 and goes away when an installation is complete.
It names its bundle by id and by the sha256 of SHA256SUMS, so the medium may come back anywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import RebootRequiredError
from graphistry_airgap.knowledge.formats import difference

RESUME_COMMAND = f"{places.TOOL} install --resume"

SCHEMA, WITH_INVENTORY = 1, 2
MANUAL, AUTOMATIC = "manual", "automatic"
FORMAT = "pending-v1"


@dataclass(frozen=True)
class RememberedBundle:
    path: str
    id: str
    sums_sha256: str
    signed: bool


@dataclass(frozen=True)
class Pending:
    """`boot_id` is that of the boot in which the reboot was asked for; `reboots` counts them by stage.

    `site_sha256` is over the answers of the site file, not over its bytes: a new comment is no new answer.
    """

    stage: str
    reason: str
    boot_id: str
    reboots: dict[str, int]
    bundle: RememberedBundle
    site: str
    site_sha256: str
    keyring: str | None
    mode: str
    inventory: str | None = None

    def as_document(self) -> dict[str, Any]:
        """A tool that knows of no inventory would go on without it, so it must not take this for its own."""
        document = {"schema": WITH_INVENTORY if self.inventory else SCHEMA, **asdict(self)}
        return document if self.inventory else {k: v for k, v in document.items() if k != "inventory"}

    @classmethod
    def from_document(cls, document: Any) -> Pending:
        """Raises ValueError with what is wrong."""
        if wrong := difference(document, FORMAT):
            raise ValueError(wrong)
        given = {one.name: document.get(one.name) for one in fields(cls)}
        bundle = {one.name: document["bundle"][one.name] for one in fields(RememberedBundle)}
        return cls(**{**given, "bundle": RememberedBundle(**bundle)})


def count_reboot(earlier: Pending | None, *, stage: str, boot_id: str, sums: str) -> dict[str, int] | None:
    """The counts with this reboot; None when the stage had one already and asks again after it.

    What was remembered of another bundle does not count, and asking again before the reboot is no second one.
    """
    if earlier is None or earlier.bundle.sums_sha256 != sums:
        return {stage: 1}
    had = earlier.reboots.get(stage, 0)
    if had and earlier.boot_id != boot_id:
        return None
    return {**earlier.reboots, stage: had or 1}


@dataclass(frozen=True)
class Resumed:
    """For messages and receipt: what a resumed installation started from."""

    record: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


def not_rebooted(pending: Pending) -> RebootRequiredError:
    follows = (
        "the installation then goes on by itself"
        if pending.mode == AUTOMATIC
        else f"then run: {RESUME_COMMAND}"
    )
    return RebootRequiredError(
        f"this host was not restarted yet: {pending.reason}",
        code="reboot-required",
        hint=f"restart this host; {follows}",
        details={"stage": pending.stage},
    )
