"""One bundle for every platform, from the lab's specs: from a warm cache alone, verified, the same again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graphistry_airgap.knowledge.platforms import PLATFORMS
from lab.bundles.demo import DEMO, signing_key
from lab.bundles.every_platform import FOLDERS, platforms
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

ALL = "all of them"


@pytest.fixture(scope="module")
def folder(bundle: Path) -> Iterator[Path]:
    """A spec of all, and a cache with what each platform's own bundle was made from."""
    for one in FOLDERS:
        made_bundle(one, "scripts/test")
    path = bundle.parents[1] / "tests" / "every-platform"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    release, found = platforms()
    spec = {"schema": 1, "release": release, "platforms": found}
    (path / "all.bundle.yml").write_text(yaml.safe_dump(spec))
    for one in FOLDERS:
        link(one / "cache", path / "cache")
    yield path
    shutil.rmtree(path)


def link(source: Path, target: Path) -> None:
    """What another cache has already stays."""
    for file in source.rglob("*"):
        there = target / file.relative_to(source)
        if file.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.hardlink_to(file)


def tool(*words: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "graphistry_airgap", "--json", "bundle", *words]
    keys = os.environ | {"GNUPGHOME": os.fspath(DEMO / "gnupg")}
    done = subprocess.run(command, env=keys, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_one_bundle_has_them_all(folder: Path) -> None:
    build = ["build", folder / "all.bundle.yml", "--cache", folder / "cache", "--offline"]
    key = ["--sign-key", signing_key()]
    with platform_step(ALL, "build", stand_in=True, expected=sorted(PLATFORMS)) as row:
        tool(*build, *key, "-o", folder / "bundle")
        document = json.loads((folder / "bundle" / "bundle.json").read_bytes())
        row.got = sorted(document["platforms"])
    row.require()
    with platform_step(ALL, "verify", stand_in=True, expected="all bytes, good") as row:
        verified = tool("verify", folder / "bundle", "--keyring", DEMO / "trusted.gpg")["data"]
        row.got = f"{verified['mode']}, {verified['signature']['verdict']}"
    row.require()
    # an image is there once, whoever installs it
    blobs = [path.name for path in (folder / "bundle").rglob("blobs/sha256/*")]
    assert len(blobs) == len(set(blobs)) > 0
    tool(*build, "-o", folder / "again")
    assert (folder / "again/SHA256SUMS").read_bytes() == (folder / "bundle/SHA256SUMS").read_bytes()
