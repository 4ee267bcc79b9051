"""SHA-256 of contents, and SHA-1, which names OpenPGP keys: by whose hands they are computed.

`hashlib` is OpenSSL's, and a platform's Python has the platform's OpenSSL.  An interpreter that came with a
bundle has one of its own, which no host in FIPS mode has validated: there the platform's own programs compute
every digest, and `hashlib` is not asked.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Protocol

FIPS = Path("/proc/sys/crypto/fips_enabled")
PROGRAM = Path("/opt/graphistry-airgap")
PROGRAMS = {"sha256": "/usr/bin/sha256sum", "sha1": "/usr/bin/sha1sum"}


class Digest(Protocol):
    def update(self, data: bytes | bytearray | memoryview) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


def sha256(data: bytes | bytearray = b"") -> Digest:
    """Of what is given to it, here and later."""
    if by_programs():
        return _OfProgram(PROGRAMS["sha256"], data)
    return hashlib.sha256(data)


def sha1_name(data: bytes) -> bytes:
    """The fingerprint of a key whose format prescribes SHA-1; it protects nothing."""
    if by_programs():
        return _OfProgram(PROGRAMS["sha1"], data).digest()
    return hashlib.sha1(data, usedforsecurity=False).digest()


@cache
def by_programs() -> bool:
    """On an interpreter that came with a bundle, in FIPS mode."""
    if PROGRAM not in Path(sys.base_prefix).parents:
        return False
    try:
        return FIPS.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


class _OfProgram:
    """A program of coreutils, which digests what is written to it."""

    def __init__(self, program: str, data: bytes | bytearray) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"LC_ALL": "C"}
        )
        self._said = ""
        self.update(data)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(data)

    def digest(self) -> bytes:
        return bytes.fromhex(self.hexdigest())

    def hexdigest(self) -> str:
        if not self._said:
            said, _ = self._process.communicate()
            if self._process.returncode != 0:
                raise OSError(f"{self._process.args!r} ended with {self._process.returncode}")
            self._said = said.split()[0].decode("ascii")
        return self._said
