"""The state of an installation that waits for a reboot, on disk (0600), so that a power cut keeps it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.reboot.pending import Pending
from graphistry_airgap.target.host.files import sync_directory

if TYPE_CHECKING:
    from pathlib import Path


class ResumeStateFile:
    def __init__(self, path: Path = places.RESUME) -> None:
        self.path = path

    def load(self) -> Pending | None:
        """What is remembered, or None; a file that makes no sense is an error with a next step."""
        try:
            return Pending.from_document(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(
                f"the state that a reboot left in {self.path} cannot be used: {error}",
                code="resume-unreadable",
                hint="run the same install command as before the reboot, without --resume: "
                "it goes on as well, and writes or removes this file",
                details={"path": str(self.path)},
            ) from error

    def save(self, pending: Pending) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(
            self.path, json.dumps(pending.as_document(), indent=2, sort_keys=True) + "\n", mode=0o600
        )
        sync_directory(self.path.parent)

    def forget(self) -> None:
        """Say nothing of a state that is not there."""
        if self.path.exists():
            self.path.unlink()
            sync_directory(self.path.parent)
