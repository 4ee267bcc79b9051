"""The only door to other programs on the connected side and in the tool itself.

Ansible modules have `module.run_command`; everything else goes through `run`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.domain.errors import HostEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FIXED_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Outcome:
    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0

    def tail(self, lines: int = 12) -> str:
        """Last lines of what the program said, stderr preferred."""
        text = self.stderr.strip() or self.stdout.strip()
        return "\n".join(text.splitlines()[-lines:])


def require(program: str, *, package: str) -> None:
    """Raise `HostEnvironmentError` naming the Debian package when a program is missing."""
    if shutil.which(program, path=FIXED_PATH) is None:
        raise HostEnvironmentError(
            f"the program {program} is needed and was not found in {FIXED_PATH}",
            code="program-missing",
            hint=f"install the package {package}",
            details={"program": program, "package": package},
        )


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
) -> Outcome:
    """Run a program with a fixed PATH, C locale and captured output; never raises on a non-zero status."""
    full = {"PATH": FIXED_PATH, "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/root"), **(env or {})}
    done = subprocess.run(
        list(argv), cwd=cwd, env=full, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    return Outcome(tuple(argv), done.returncode, done.stdout, done.stderr)
