"""A plan as a document; `knowledge/schemas/plan-v1.json` describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graphistry_airgap.installation.site_file import digest_of
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.request import Target

SCHEMA = 1


def basis(target: Target) -> dict[str, Any]:
    """What a host's plan is made for."""
    came_from = target.provenance
    return {
        "host": target.host.name,
        "platform": came_from.platform,
        "purpose": target.site.purpose,
        "release": came_from.release,
        "bundle": {"id": came_from.id, "sums_sha256": came_from.sums},
        "site": {"path": str(target.site_path), "sha256": digest_of(target.site)},
        "overrides": [asdict(override) for override in target.overrides],
    }


def of_host(target: Target, recap: Recap) -> dict[str, Any]:
    """What check mode told of a host, and what it was told about."""
    reboot = next((failure for failure in recap.failures if failure.asks_reboot), None)
    return basis(target) | {
        "changes": recap.changes,
        "unknown": recap.unknown,
        "reboot": reboot and {"stage": reboot.stage, "reason": reboot.message},
        "findings": recap.findings,
    }


def of_all(plans: Iterable[dict[str, Any]], *, created: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "created": created, "tool": __version__, "hosts": list(plans)}
