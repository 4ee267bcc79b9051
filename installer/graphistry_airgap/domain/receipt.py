"""The receipt: what an install did change on a host.

It is the base for status and for later comparison, so a run that changed
nothing leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphistry_airgap.domain.recap import Recap
    from graphistry_airgap.domain.site import Site

SCHEMA = 1
MODULE_SIGNING_KEY = "module-signing-key"
# rpm keeps keys among the packages, under this name
RPM_KEY = "gpg-pubkey"


@dataclass(frozen=True)
class Provenance:
    """Which bundle, and how it was trusted; `verified` is "all bytes" or "names and sizes".

    `older_than` is when the bundle of the run before was made, if this older one was taken on purpose.
    """

    path: str
    id: str
    created: str
    release: str
    sums: str
    signers: tuple[str, ...]
    signed: bool
    verified: str
    platform: str
    keys: tuple[dict[str, str], ...]
    older_than: str = ""


def package_changes(before: dict[str, str], after: dict[str, str]) -> list[dict[str, str | None]]:
    """Packages whose version differs: `[{name, from, to}]`, None where absent."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [{"name": name, "from": before.get(name), "to": after.get(name)} for name in names]


def added_keys(
    changes: list[dict[str, str | None]], earlier: list[dict[str, str | None]]
) -> list[dict[str, str | None]]:
    """Keys that came into the host's own store: now, and by the runs before."""
    now = [
        {"name": row["name"], "owner": row["to"]}
        for row in changes
        if str(row["name"]).startswith(f"{RPM_KEY}-") and row["from"] is None
    ]
    return earlier + [key for key in now if key not in earlier]


def left_for_first_boot(site: Site, *, signing_key: bool) -> list[str]:
    """What a template must not hold, or has to be made anew in each clone.

    DKMS's key is told and not taken away: it may be one that the site has enrolled, and a clone where Secure
    Boot is switched on needs its certificate, since modules that are whole are not built and signed again.
    """
    if not site.is_template:
        return []
    left = ["secrets", "services", "administrator"]
    left += ["licence"] if site.vgpu else []
    return [*left, MODULE_SIGNING_KEY] if signing_key else left


def compose(
    *,
    tool: str,
    site: Site,
    bundle: Provenance,
    recap: Recap,
    packages: list[dict[str, str | None]],
    images: list[dict[str, str]],
    checks: dict[str, Any],
    first_boot: list[str],
    started: str,
    finished: str,
    complete: bool,
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "complete": complete,
        "tool": tool,
        "purpose": site.purpose,
        "site": site.as_dict(),
        "waived": list(site.waive),
        "bundle": {
            "path": bundle.path,
            "id": bundle.id,
            "created": bundle.created,
            "release": bundle.release,
            "platform": bundle.platform,
            "sums_sha256": bundle.sums,
            "signed": bundle.signed,
            "signers": list(bundle.signers),
            "verified": bundle.verified,
            "package_keys": list(bundle.keys),
            "older_than": bundle.older_than,
        },
        "started": started,
        "finished": finished,
        "stages": [stage.as_dict() for stage in recap.stages],
        "changed": recap.changed_tasks,
        "packages": packages,
        "images": images,
        "gpu": recap.gpu,
        "driver": recap.driver,
        "vgpu": recap.vgpu,
        "exceptions": recap.exceptions,
        "checks": checks,
        "left_for_first_boot": first_boot,
    }
