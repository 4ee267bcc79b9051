"""What a run writes down once it has verified its bundle: modules use no other (target/host/verified.py)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graphistry_airgap.target.host import verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphistry_airgap.bundle.verify import VerifiedBundle

    Open = Callable[..., VerifiedBundle]


@contextmanager
def of_this_run() -> Iterator[Callable[[Open], Open]]:
    """For whoever holds the host's lock: makes opening a bundle vouch for it, until the run ends."""
    verified.remove()
    try:
        yield _vouching
    finally:
        verified.remove()


def _vouching(open_bundle: Open) -> Open:
    def opened(*arguments: Any, **options: Any) -> VerifiedBundle:
        found = open_bundle(*arguments, **options)
        verified.write(found.path, found.sums_sha256, found.signature.signers)
        return found

    return opened
