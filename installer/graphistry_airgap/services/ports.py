"""What the services need from the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from graphistry_airgap.domain.progress import Progress
    from graphistry_airgap.domain.recap import Recap
    from graphistry_airgap.domain.signature import Verdict


class PlaybookRunner(Protocol):
    def __call__(
        self,
        playbook: str,
        *,
        variables: dict[str, Any],
        work_root: Path,
        progress: Progress,
        log: Callable[[dict[str, Any]], None],
    ) -> Recap: ...


class Receipts(Protocol):
    def load(self) -> dict[str, Any] | None: ...
    def save(self, receipt: dict[str, Any], *, stamp: str) -> None: ...


class EventLog(Protocol):
    def __call__(
        self, folder: Path, command: str
    ) -> AbstractContextManager[tuple[Path, Callable[[dict[str, Any]], None]]]: ...


class HostChecks(Protocol):
    """Runs the post-install tests; returns {passed, failed, skipped, tests: [...]}."""

    def __call__(self, facts: dict[str, Any], *, reports: Path) -> dict[str, Any]: ...


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
