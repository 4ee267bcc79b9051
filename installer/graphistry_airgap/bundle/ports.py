"""What reading a bundle needs from the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from graphistry_airgap.bundle.trust.verdict import Verdict


class BundleReader(Protocol):
    """Reads one bundle directory; never follows a link out of it."""

    path: Path

    def files(self) -> dict[str, int]: ...
    def read(self, path: str) -> bytes: ...
    def digest(self, path: str) -> str: ...


class CheckSignature(Protocol):
    """Judges the signatures over SHA256SUMS with the operator's keyring."""

    def __call__(
        self,
        sums: bytes,
        signatures: Mapping[str, bytes],
        *,
        bundle: Path,
        keyring: Path | None,
        allow_unsigned: bool = False,
    ) -> Verdict: ...
