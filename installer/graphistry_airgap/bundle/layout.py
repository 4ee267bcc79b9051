"""Where things lie in a bundle, and the pieces that one is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.core.canonical import sha256_hex

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "lock.json"
INSTALLER = "install.sh"
RELEASE = "release"


@dataclass(frozen=True)
class Piece:
    """One file to be: bytes, or a file to copy that must have this digest.

    A private one can be read by its owner alone, for as long as it lies on a disk that knows modes.
    """

    path: str
    source: Path | bytes
    sha256: str
    size: int
    executable: bool = False
    private: bool = False


def repository(platform: str, name: str) -> str:
    return f"packages/{platform}/{name}"


def keyring(platform: str, file: str) -> str:
    return f"packages/{platform}/keys/{file}"


def runtime(platform: str) -> str:
    return f"runtime/{platform}"


def interpreter(platform: str) -> str:
    """The archive of a Python for the tool alone, where the platform needs one."""
    return f"{runtime(platform)}/interpreter.tar.gz"


def bytes_piece(path: str, data: bytes) -> Piece:
    """A piece whose content is made here."""
    return Piece(path, data, sha256_hex(data), len(data))
