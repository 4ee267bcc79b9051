"""Where a bundle comes from: an in-toto statement with SLSA's provenance, made from the lock.

It has no clock of the build, so that the same spec, lock and tools give the same bytes.  It claims no SLSA
level: whoever built signs `SHA256SUMS`, and that signature is what there is to trust.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.describe.licences import licence_notes
from graphistry_airgap.core.canonical import readable_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from graphistry_airgap.bundle.layout import Piece
    from graphistry_airgap.bundle.lock import Item
    from graphistry_airgap.connected.assembly import Content
    from graphistry_airgap.connected.packages.closure import ResolvedRepository

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:graphistry-airgap:bundle-build:1"
BUILDER = "urn:graphistry-airgap:connected-machine"
_URI = re.compile(r"(https?|file|pkg):")


@dataclass(frozen=True)
class Origin:
    """What started the build: the spec's file, and the programs that made the bytes."""

    spec: str
    spec_sha256: str
    tools: Mapping[str, str]


def render_provenance(content: Content, origin: Origin, pieces: Iterable[Piece]) -> bytes:
    """The statement about `pieces`: every file of the bundle but itself and the lists that name it."""
    lock = content.lock()
    subject = [{"name": piece.path, "digest": {"sha256": piece.sha256}} for piece in pieces]
    return readable_json(
        {
            "_type": STATEMENT,
            "subject": sorted(subject, key=lambda one: str(one["name"]).encode()),
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {
                        "spec": {"name": origin.spec, "digest": {"sha256": origin.spec_sha256}},
                        "trustedOnFirstUse": sorted(
                            f"{item.kind}/{item.name}"
                            for item in lock.items
                            if item.verdict.get("pinned") is False
                        ),
                    },
                    "internalParameters": {
                        "created": lock.created,
                        "repositories": list(_repositories(content)),
                        "licenceNotes": licence_notes(content.closures, content.vgpus),
                    },
                    "resolvedDependencies": [_dependency(item) for item in lock.sorted_items()],
                },
                "runDetails": {
                    "builder": {"id": BUILDER, "version": dict(origin.tools)},
                    "metadata": {"invocationId": lock.bundle_id},
                },
            },
        }
    )


def _dependency(item: Item) -> dict[str, Any]:
    """One item of the lock; a release is pinned as a whole, which need not be the digest of one file."""
    found: dict[str, Any] = {"name": f"{item.kind}/{item.name}"}
    annotations: dict[str, Any] = {"size": item.size, **item.verdict}
    if item.version:
        annotations["version"] = item.version
    if _URI.match(item.origin):
        found["uri"] = item.origin
    else:
        annotations["origin"] = item.origin
    if item.kind == "release":
        annotations["pin"] = item.sha256
    else:
        found["digest"] = {"sha256": item.sha256}
    return {**found, "annotations": annotations}


def _repositories(content: Content) -> Iterator[dict[str, Any]]:
    for platform in content.platforms:
        for repository in content.closures[platform.name].repositories:
            yield {"platform": platform.name, **_repository(repository)}


def _repository(repository: ResolvedRepository) -> dict[str, Any]:
    """Whose signature was good, and how old what it covers is."""
    until = repository.valid_until
    return {
        "name": repository.spec.name,
        "uri": repository.spec.written_uri,
        "metadataSigned": repository.spec.metadata_signed,
        "signedBy": list(repository.fingerprints),
        "keyring": {"sha256": repository.keyring.sha256},
        "date": f"{repository.date:%Y-%m-%dT%H:%M:%SZ}",
        "validUntil": f"{until:%Y-%m-%dT%H:%M:%SZ}" if until else None,
        "expiredAllowed": repository.spec.allow_expired,
    }
