"""What the services need from the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from graphistry_airgap.domain.progress import Progress
    from graphistry_airgap.domain.recap import Recap
    from graphistry_airgap.domain.resume import Pending
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


class ResumeState(Protocol):
    def load(self) -> Pending | None: ...
    def save(self, pending: Pending) -> None: ...
    def forget(self) -> None: ...


class ResumeUnit(Protocol):
    """The unit that goes on after a reboot; `install` returns what stood in its way."""

    def install(self) -> str: ...
    def remove(self) -> None: ...


class Media(Protocol):
    """Finds a bundle on whatever is mounted, by the sha256 of its SHA256SUMS."""

    def find(self, sums_sha256: str, remembered: Path) -> Path | None: ...
    def places(self, remembered: Path) -> list[Path]: ...
    def sums_digest(self, place: Path) -> str | None: ...
    def bundle_id(self, place: Path) -> str: ...


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
