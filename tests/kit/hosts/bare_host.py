"""A bare Debian 13 in a throw-away container: no init, no network, no Python."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from typing import TYPE_CHECKING

from lab.hosts.sealed_host import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

KEYRING = "/etc/graphistry-airgap/trusted.gpg"


def has_image() -> bool:
    if not shutil.which("docker"):
        return False
    command = ["docker", "image", "inspect", IMAGE]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Host:
    """It sees a folder of bundles at /media, read-only."""

    def __init__(self, bundles: Path, *options: str) -> None:
        self.name = f"airgap-install-sh-{uuid.uuid4().hex[:8]}"
        mount = f"{bundles}:/media:ro"
        command = ["docker", "run", "-d", "--network", "none", "--name", self.name, "-v", mount, *options]
        subprocess.run([*command, IMAGE, "sleep", "infinity"], check=True, capture_output=True)

    def sh(
        self, script: str, *, check: bool = True, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        command = ["docker", "exec", *(["-i"] if stdin is not None else []), self.name, "sh", "-c", script]
        return subprocess.run(command, input=stdin, capture_output=True, check=check)

    def put(self, path: str, data: bytes, mode: str = "644") -> None:
        self.sh(f"mkdir -p $(dirname {path}) && cat > {path} && chmod {mode} {path}", stdin=data)

    def install(self, bundle: str, arguments: str = "", environment: str = "") -> tuple[int, str, str]:
        done = self.sh(f"cd / && {environment} sh /media/{bundle}/install.sh {arguments}", check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def changes(self) -> list[str]:
        """Every path that differs from the image."""
        listed = subprocess.run(
            ["docker", "diff", self.name], capture_output=True, text=True, check=True
        ).stdout
        return sorted(listed.splitlines())

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=True)
