"""What is remembered across a reboot, and how often a stage may ask for one.

The state is written before the run ends with exit 10 and goes away when an installation is complete.
It names its bundle by id and by the sha256 of SHA256SUMS, so the medium may come back anywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = 1
MANUAL, AUTOMATIC = "manual", "automatic"

_SHAPE: dict[str, type | tuple[type, ...]] = {
    "stage": str,
    "reason": str,
    "boot_id": str,
    "reboots": dict,
    "bundle": dict,
    "site": str,
    "site_sha256": str,
    "keyring": (str, type(None)),
    "mode": str,
}
_BUNDLE: dict[str, type | tuple[type, ...]] = {"path": str, "id": str, "sums_sha256": str, "signed": bool}


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

    def as_document(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_document(cls, document: Any) -> Pending:
        """Raises ValueError with what is wrong."""
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ValueError(f"it is not a JSON object of schema {SCHEMA}")
        given = _shaped(document, _SHAPE)
        given["bundle"] = RememberedBundle(**_shaped(document["bundle"], _BUNDLE, "bundle."))
        _shaped(given["reboots"], dict.fromkeys(given["reboots"], int), "reboots.")
        return cls(**given)


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


def _shaped(
    document: dict[str, Any], shape: dict[str, type | tuple[type, ...]], prefix: str = ""
) -> dict[str, Any]:
    wrong = [f"{prefix}{key}" for key, kind in shape.items() if not isinstance(document.get(key), kind)]
    wrong += [f"{prefix}{key}" for key in shape if key not in document]
    if wrong:
        raise ValueError(f"{', '.join(sorted(set(wrong)))} is missing or not what it should be")
    return {key: document[key] for key in shape}
