"""What commands that need no installation take from one, where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.envfile import disk as env_disk
from graphistry_airgap.target.envfile.schema import CUSTOM

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.installation.ports import Receipts


@dataclass(frozen=True)
class Installed:
    receipts: Receipts
    is_root: Callable[[], bool]
    require_root: Callable[[], None]

    def release(self) -> tuple[str, str]:
        """Release and CUDA flavour of the last receipt; empty without one."""
        receipt = self._receipt_for_root() or {}
        return receipt.get("bundle", {}).get("release", ""), (receipt.get("gpu") or {}).get("cuda", "")

    def env_file(self) -> Path:
        """The installation's custom.env.

        Raises:
            HostEnvironmentError: not root.
            InputError: nothing is installed here.
        """
        self.require_root()
        receipt = self.receipts.load()
        if receipt is None:
            raise InputError(
                "nothing is installed here, and no env file was named",
                code="env-file-missing",
                hint="name an env file: --file PATH",
            )
        release = Path(receipt["site"]["root"], "releases", receipt["bundle"]["release"])
        return release / "data" / "config" / CUSTOM

    def keep(self, path: Path) -> None:
        """A file of the installation is kept before a change, as everything that is replaced there."""
        receipt = self._receipt_for_root()
        if receipt is not None and path.absolute().is_relative_to(receipt["site"]["root"]):
            env_disk.keep(path, places.STATE / "replaced")

    def _receipt_for_root(self) -> dict[str, Any] | None:
        """Nobody else may read it; what others ask for depends on no installation."""
        return self.receipts.load() if self.is_root() else None
