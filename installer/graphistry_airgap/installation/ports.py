"""What the services need from the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from graphistry_airgap.core.errors import AirgapError
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.fleet.inventory import InventoryHost
    from graphistry_airgap.installation.reboot.pending import Pending
    from graphistry_airgap.installation.recap import Recap

    Question = Mapping[str, Any]


class PlaybookRunner(Protocol):
    def __call__(
        self,
        playbook: str,
        *,
        hosts: Mapping[str, Mapping[str, Any]],
        work_root: Path,
        progress: Progress,
        log: Callable[[dict[str, Any]], None],
        check: bool = False,
    ) -> dict[str, Recap]: ...


class Receipts(Protocol):
    """The receipt of the machine that the tool runs on."""

    def load(self) -> dict[str, Any] | None: ...


class Hosts(Protocol):
    """What an installation keeps of itself on hosts; `target.record.questions` has questions and answers.

    `hold` takes the lock of hosts that are not the tool's machine and verifies the bundle at that path there,
    with that keyring, until `release`; it gives who refuses.  `add` keeps the changes of a task until a
    receipt has them: they survive a kill and a power cut.
    """

    def ask(
        self, questions: Sequence[tuple[InventoryHost, Question]]
    ) -> dict[str, dict[str, Any] | AirgapError]: ...
    def hold(self, hosts: Sequence[tuple[InventoryHost, str, Path | None]]) -> dict[str, AirgapError]: ...
    def release(self, hosts: Sequence[InventoryHost]) -> None: ...
    def add(self, host: InventoryHost, changes: Iterable[Mapping[str, Any]]) -> None: ...


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
    """Runs the post-install tests beside the block; the function that it gets waits for them.

    It returns {passed, failed, skipped, tests: [...]}.
    """

    def __call__(
        self, facts: dict[str, Any], *, host: InventoryHost
    ) -> AbstractContextManager[Callable[[], dict[str, Any]]]: ...
