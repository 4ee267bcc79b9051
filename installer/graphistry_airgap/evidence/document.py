"""Evidence: what a verification of a bundle looked at and found, as one document for an auditor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import AirgapError, ExitCode
from graphistry_airgap.core.result import error_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphistry_airgap.bundle.manifest import Bundle
    from graphistry_airgap.bundle.trust.verdict import Keyring, Verdict

EVIDENCE_SCHEMA = 1
HOLDS, REFUSED, UNDECIDED = "holds", "refused", "not decided"


@dataclass
class Watched:
    """What was seen of a bundle while it was verified, however far that came."""

    path: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    sums_sha256: str | None = None
    signatures: dict[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None


def verdict_of(exit_code: int) -> str:
    """Whether anything was decided about the bundle itself."""
    return {ExitCode.OK: HOLDS, ExitCode.BUNDLE: REFUSED}.get(ExitCode(exit_code), UNDECIDED)


def evidence(
    watched: Watched,
    *,
    exit_code: int,
    errors: Sequence[AirgapError],
    bundle: Bundle | None,
    listed: int | None,
    descriptions: Mapping[str, Any],
    keyring: Keyring | None,
    circumstances: Mapping[str, Any],
) -> dict[str, Any]:
    """The document; `bundle` and its descriptions only when every byte of it holds."""
    return {
        "schema": EVIDENCE_SCHEMA,
        "verdict": verdict_of(exit_code),
        "exit_code": int(exit_code),
        "bundle": {"path": watched.path, **_bundle(bundle)},
        "signatures": _signatures(watched, errors),
        "signature_program": watched.verdict.tool if watched.verdict else None,
        "keyring": _keyring(keyring),
        "checked": {
            "sums_sha256": watched.sums_sha256,
            "listed": listed,
            "files": len(watched.sizes),
            "bytes": sum(watched.sizes.values()),
            "files_read": len(watched.read),
            "bytes_read": sum(watched.read.values()),
        },
        "problems": [error_object(error) for error in errors],
        "contents": descriptions.get("contents"),
        "provenance": descriptions.get("provenance"),
        "licence_notes": [
            {"name": one.name, "concerns": list(one.concerns), "note": one.note}
            for one in (bundle.licences if bundle else ())
        ],
        **circumstances,
    }


def _bundle(bundle: Bundle | None) -> dict[str, Any]:
    if bundle is None:
        return {"id": None, "created": None, "release": None}
    return {"id": bundle.id, "created": bundle.created, "release": bundle.release.version}


def _keyring(keyring: Keyring | None) -> dict[str, Any] | None:
    if keyring is None:
        return None
    keys = [
        {"fingerprint": one.fingerprint, "algorithm": one.algorithm, "state": one.state}
        for one in keyring.keys
    ]
    return {"path": keyring.path, "sha256": keyring.sha256, "keys": keys}


def _signatures(watched: Watched, errors: Sequence[AirgapError]) -> list[dict[str, Any]]:
    """Each signature file with its own verdict; those of an unsigned or unjudged bundle have none."""
    good = dict(watched.verdict.good) if watched.verdict else {}
    bad = dict(watched.verdict.ignored) if watched.verdict else {}
    for error in errors:
        bad |= {one["path"]: one["reason"] for one in error.details.get("signatures", ())}
    return [
        {
            "path": path,
            "sha256": digest,
            "good": path in good if path in good or path in bad else None,
            "signer": good.get(path),
            "reason": bad.get(path),
        }
        for path, digest in sorted(watched.signatures.items())
    ]
