"""What an installation keeps of itself on a host: the receipt, and the marks of one that is on its way.

`packages_before` is install.sh's list of packages from before its first change, and stays until a receipt
says what was changed.  `stages_begun` stands while stages are played, with a line for each change, and beside
it a list of packages where there was none.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..hardening.exceptions import FAPOLICYD_TRUST
from ..host.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MODE = 0o600


@dataclass(frozen=True)
class Kept:
    receipt: Path
    packages_before: Path
    stages_begun: Path

    @property
    def own_list(self) -> Path:
        return self.stages_begun.with_suffix(".packages")

    @property
    def history(self) -> Path:
        return self.receipt.parent / "receipts"

    def read_receipt(self) -> str | None:
        """Its text, None where there is none; raises OSError where it cannot be read."""
        try:
            return self.receipt.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            # a text that is no receipt, so that whoever reads it says so
            return f"not UTF-8: {error.reason} at byte {error.start}"

    def write_receipt(self, receipt: Mapping[str, Any], *, stamp: str) -> None:
        """The newest one, and a copy of it for good; the marks go away."""
        for folder in (self.receipt.parent, self.history):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # before the receipt: a run that is killed in between writes both again
        _write(self.receipt.with_name("installed"), "".join(_for_a_shell(receipt)))
        text = json.dumps(receipt, indent=2, sort_keys=True) + "\n"
        _write(self.history / f"{stamp}.json", text)
        _write(self.receipt, text)
        self.forget()
        self.packages_before.unlink(missing_ok=True)

    def begin(self, packages: str) -> list[dict[str, Any]]:
        """Set the marks; gives the changes of a run that was killed, as far as they can be read.

        A kill or a power cut may have left half a line or none of its bytes.
        """
        self.stages_begun.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self.packages_before.exists() or self.own_list.exists()):
            _write(self.own_list, packages)
        begun = self.stages_begun
        kept = begun.read_text(encoding="utf-8", errors="replace") if begun.exists() else ""
        # without the end of its line even one that can be read was not written to its end
        changes = [change for line in kept.split("\n")[:-1] if (change := _read(line)) is not None]
        _write(begun, lines(changes))
        return changes

    def before(self) -> str | None:
        """The list of packages from before the first change; None where nothing has begun."""
        lists = (self.packages_before, self.own_list)
        return next((one.read_text(encoding="utf-8") for one in lists if one.exists()), None)

    def forget(self) -> None:
        """What stages have begun; what install.sh has changed still has to be told."""
        for mark in (self.own_list, self.stages_begun):
            mark.unlink(missing_ok=True)
        # a host that was refused keeps nothing of it
        with suppress(OSError):
            self.stages_begun.parent.rmdir()


def lines(changes: Iterable[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(change, sort_keys=True)}\n" for change in changes)


def _read(line: str) -> dict[str, Any] | None:
    try:
        change = json.loads(line)
    except ValueError:
        return None
    return change if isinstance(change, dict) else None


def _for_a_shell(receipt: Mapping[str, Any]) -> Iterator[str]:
    """What install.sh must know of the last installation before there is a Python, as `KEY VALUE`."""
    allowed = receipt.get("site", {}).get("hardening_allow", ())
    told = {
        "site": receipt.get("inputs", {}).get("site"),
        "release": receipt.get("bundle", {}).get("release"),
        # the file beside the keyring was there, or the tool had refused the site file
        "allow": FAPOLICYD_TRUST if FAPOLICYD_TRUST in allowed else "",
        "data_root": receipt.get("site", {}).get("docker", {}).get("data_root"),
    }
    return (f"{key} {value}\n" for key, value in told.items() if value)


def _write(path: Path, text: str) -> None:
    write_atomic(path, text.encode(), mode=MODE)
