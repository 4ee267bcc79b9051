"""The Compose of Debian 13, taken from the demo's bundle: what it reads is what targets read."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL = Path(__file__).resolve().parents[2] / "build" / "demo" / "bundle" / "packages" / "debian-13"
PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"


@cache
def compose() -> Path:
    """The plugin works without a daemon as long as it only reads."""
    package = next(POOL.glob("debian/pool/main/d/docker-compose/docker-compose_*.deb"))
    folder = Path(mkdtemp(prefix="airgap-test-compose-"))
    subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    return folder / PLUGIN


def meanings(files: Sequence[bytes], folder: Path) -> list[dict[str, str] | None]:
    """What a container would get from each file alone; None for a file that Compose refuses.

    One call reads many files, each as the env_file of a service of its own.
    """
    for number, data in enumerate(files):
        (folder / f"{number}.env").write_bytes(data)
    found: dict[int, dict[str, str] | None] = {}
    _ask(list(range(len(files))), folder, found)
    return [found[number] for number in range(len(files))]


def _ask(numbers: list[int], folder: Path, found: dict[int, dict[str, str] | None]) -> None:
    if not numbers:
        return
    services = {f"s{number}": {"image": "x", "env_file": [f"{number}.env"]} for number in numbers}
    (folder / "compose.json").write_text(json.dumps({"name": "x", "services": services}))
    done = subprocess.run(
        [compose(), "-f", "compose.json", "config", "--format", "json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        answered = json.loads(done.stdout)["services"]
        for number in numbers:
            given = answered[f"s{number}"].get("environment") or {}
            found[number] = {name: value.replace("$$", "$") for name, value in given.items()}
    elif len(numbers) == 1:
        found[numbers[0]] = None
    else:
        middle = len(numbers) // 2
        _ask(numbers[:middle], folder, found)
        _ask(numbers[middle:], folder, found)
