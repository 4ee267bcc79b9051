"""The receipt: what an install did change on a host.

It is the base for status and for later comparison, so a run that changed
nothing leaves it as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.core.remarks import WARNING
from graphistry_airgap.knowledge.formats import difference
from graphistry_airgap.target.record.packages import RPM_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.site_file import Site

# no number, for the tools of before inventories ask only whether it is one, and would go on without them
SCHEMA, WITH_INVENTORY = 1, "2"
FORMAT = "receipt-v1"
MODULE_SIGNING_KEY = "module-signing-key"


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


def parse_receipt(text: str, where: Path) -> dict[str, Any]:
    """Raises InputError for what is none."""
    try:
        loaded = json.loads(text)
        if wrong := difference(loaded, FORMAT):
            raise ValueError(wrong)
    except (ValueError, RecursionError) as error:
        raise unusable(str(error), where) from error
    checked: dict[str, Any] = loaded
    return checked


def unusable(why: str, where: Path) -> InputError:
    history = where.parent / "receipts"
    return InputError(
        f"the receipt {where} cannot be used: {why}",
        code="receipt-unreadable",
        hint=f"the last good copy is under {history}: copy it back; without one, move "
        f"{where} away, and the next installation of the same release makes it anew",
    )


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


def version(inputs: dict[str, str | None]) -> int | str:
    """Of the receipt with these inputs."""
    return WITH_INVENTORY if inputs.get("inventory") else SCHEMA


def lasting(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The warnings of a run: what an auditor has to know beside what was changed."""
    return [finding for finding in findings if finding.get("severity") == WARNING]


def unrecorded(findings: list[dict[str, Any]], last: dict[str, Any]) -> bool:
    """Whether a warning is not in the last receipt.

    One that is gone, or numbers that are another day's (a process, a size), make no new receipt; the same
    code about another file or unit does.
    """
    told = {_apart_from_numbers(finding) for finding in last.get("findings", [])}
    return any(_apart_from_numbers(finding) not in told for finding in lasting(findings))


def _apart_from_numbers(finding: dict[str, Any]) -> tuple[str, str]:
    return finding["code"], re.sub(r"\d+", "", finding["message"])


def taken_over(findings: list[dict[str, str]], last: dict[str, Any]) -> dict[str, list[str]]:
    """Image names and releases that this and earlier runs took over, as preflight told it."""
    rows = {}
    for key, code in (("renamed_images", "image-name-taken"), ("replaced_releases", "release-replaced")):
        earlier = last.get(key, [])
        now = [row["found"] for row in findings if row["code"] == code and row["found"] not in earlier]
        if earlier or now:
            rows[key] = [*earlier, *now]
    return rows


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
        "findings": lasting(recap.findings),
        "checks": checks,
        "left_for_first_boot": first_boot,
    }
