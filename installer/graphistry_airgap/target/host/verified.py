"""Which bundle has been verified for the run that holds this host's lock; nothing of another one is used.

Whoever has verified a bundle, the tool or a play's first task, writes a ticket.  It counts for as long as the
same holder has the lock: what a killed run left counts for nobody.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import files, lock, medium

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TICKET = lock.RUN / "verified.json"
SUMS = "SHA256SUMS"
UNVERIFIED = "bundle-unverified"
DIGEST_DIFFERS = "bundle-digest-differs"
HINT = (
    "in a play of your own let the task graphistry.airgap.bundle come first, with the path that the roles "
    "are given; `graphistry-airgap install` verifies by itself"
)
HINT_DIGEST = "give the roles the `manifest` of the task graphistry.airgap.bundle, and no list of another"


class UnverifiedError(Exception):
    """Something of a bundle was asked for that nobody has verified for this run."""

    def __init__(self, found: str, needed: str, *, code: str = UNVERIFIED, hint: str = HINT) -> None:
        super().__init__(f"{found}; needed: {needed}")
        self.code = code
        self.hint = hint


def write(bundle: Path, sums_sha256: str, signers: Sequence[str]) -> None:
    """By whoever holds the lock."""
    ticket = {
        "bundle": os.path.realpath(bundle),
        "sums_sha256": sums_sha256,
        "signers": list(signers),
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "holder": lock.holder(),
    }
    files.write_atomic(TICKET, json.dumps(ticket).encode(), mode=0o600)


def remove() -> None:
    with suppress(FileNotFoundError):
        TICKET.unlink()


def require(places: Sequence[Path] = (), digests: Mapping[str, str] | None = None) -> None:
    """Refuse unless each place lies in the verified bundle, and each digest is the one that its list has.

    `digests` are by path below the first place.  That the files have them is seen where they are used.
    """
    ticket = _ticket()
    bundle = Path(ticket["bundle"])
    for place in places:
        if not _is_below(place, bundle):
            raise UnverifiedError(f"{place} was not verified for this run", f"a place in {bundle}, which was")
    try:
        data = medium.read(bundle / SUMS, name=SUMS, sha256=ticket["sums_sha256"])
    except medium.MediumError as error:
        raise UnverifiedError(
            f"{bundle} is not what was verified: {error}", "the bundle that was verified"
        ) from error
    if digests:
        below = os.path.relpath(os.path.realpath(places[0]), bundle)
        _compare(digests, below, dict(listed(data)))
    lock.renew()


def _ticket() -> dict[str, Any]:
    held_by = lock.holder()
    if not held_by:
        raise UnverifiedError(
            "nobody holds the lock of this host, so no bundle counts as verified",
            "a bundle that this run has verified",
        )
    try:
        ticket: dict[str, Any] = json.loads(TICKET.read_bytes())
    except (FileNotFoundError, ValueError) as error:
        raise UnverifiedError(
            "no bundle was verified for this run", "a bundle that this run has verified"
        ) from error
    if ticket["holder"] != held_by or not lock.is_this_run(held_by):
        raise UnverifiedError(
            f"{ticket['bundle']} was verified for another run; the lock of this host is held by {held_by}",
            "a bundle that this run has verified",
        )
    return ticket


def _is_below(place: Path, bundle: Path) -> bool:
    real = Path(os.path.realpath(place))
    return real == bundle or bundle in real.parents


def listed(data: bytes) -> Iterator[tuple[str, str]]:
    """Path and digest of each line of a list of checksums."""
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        yield line[66:], line[:64]


def _compare(digests: Mapping[str, str], below: str, sums: Mapping[str, str]) -> None:
    for name, digest in digests.items():
        path = os.path.normpath(f"{below}/{name}")
        needed = sums.get(path, "")
        if digest != needed:
            raise UnverifiedError(
                f"this task was given the sha256 {digest} for {path}",
                f"{needed or 'none, for the file is not in it'} of the verified {SUMS}",
                code=DIGEST_DIFFERS,
                hint=HINT_DIGEST,
            )
