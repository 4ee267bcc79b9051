"""The Compose of Debian 13, taken from the demo's bundle: what it reads is what targets read."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from graphistry_airgap.target.envfile import context as env_context
from lab.bundles.demo import DEMO

if TYPE_CHECKING:
    from collections.abc import Sequence

POOL = DEMO / "bundle" / "packages" / "debian-13"
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


def in_order(
    releases: Sequence[Sequence[tuple[str, bytes]]], folder: Path
) -> list[tuple[dict[str, str], dict[str, str]]] | None:
    """What containers and what compose files get from the files of each release, in the order given.

    All are read in one call: no name stands in two releases, so what the call reads of one is nothing to the
    others. None if Compose refuses.
    """
    calls: dict[str, bytes] = {}
    services: dict[str, Any] = {}
    for number, release in enumerate(releases):
        for kind, data in release:
            calls[kind] = calls.get(kind, b"") + data
            (folder / f"{number}{kind}").write_bytes(data)
        services[f"given{number}"] = {"image": "x", "env_file": [f"{number}{kind}" for kind, _ in release]}
        names = {name for _, data in release for name in re.findall(r"\b[A-Z]_\d+", data.decode())}
        # a mark where a name has no value at all
        shown = {name: f"${{{name}-unset}}" for name in names}
        services[f"shown{number}"] = {"image": "x", "environment": shown}
    options = []
    for kind in sorted(calls, key=env_context.ORDER.index):
        (folder / kind).write_bytes(calls[kind])
        options += ["--env-file", kind]
    (folder / "compose.json").write_text(json.dumps({"name": "x", "services": services}))
    done = _config(folder, options)
    if done.returncode != 0:
        return None
    read = {name: _values(service) for name, service in json.loads(done.stdout)["services"].items()}
    return [
        (
            read[f"given{number}"],
            {name: value for name, value in read[f"shown{number}"].items() if value != "unset"},
        )
        for number in range(len(releases))
    ]


def _values(service: dict[str, Any]) -> dict[str, str]:
    given = service.get("environment") or {}
    return {name: value.replace("$$", "$") for name, value in given.items() if value is not None}


def _config(folder: Path, options: Sequence[str] = ()) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [compose(), *options, "-f", "compose.json", "config", "--format", "json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )


def _ask(numbers: list[int], folder: Path, found: dict[int, dict[str, str] | None]) -> None:
    if not numbers:
        return
    services = {f"s{number}": {"image": "x", "env_file": [f"{number}.env"]} for number in numbers}
    (folder / "compose.json").write_text(json.dumps({"name": "x", "services": services}))
    done = _config(folder)
    if done.returncode == 0:
        answered = json.loads(done.stdout)["services"]
        for number in numbers:
            found[number] = _values(answered[f"s{number}"])
    elif len(numbers) == 1:
        found[numbers[0]] = None
    else:
        middle = len(numbers) // 2
        _ask(numbers[:middle], folder, found)
        _ask(numbers[middle:], folder, found)
