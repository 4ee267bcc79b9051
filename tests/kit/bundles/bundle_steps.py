"""What happens to a bundle before it is carried to a host, as rows of the matrix of platforms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.adapters.spec_file import read_spec
from graphistry_airgap.connected.build import BuildRequest
from graphistry_airgap.connected.packages.closure import Wanted
from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.wiring.build import build_bundle_service
from lab.bundles.demo import copy_cache
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def try_bundle(
    platform: str,
    spec: Path,
    bundle: Path,
    keyring: Path,
    scratch: Path,
    *,
    stand_in: bool,
    of_base: Sequence[str] = (),
) -> None:
    """Resolve the platform, build the bundle again from a warm cache, and verify what came of it.

    `bundle` is the one that the hosts are installed from; its cache lies beside it, on the same file
    system as `scratch`.  `of_base` are groups of which each host has everything already.
    """
    cache = bundle.parent / "cache"
    groups = sorted({*PLATFORMS[platform].groups} - {*of_base})
    with platform_step(platform, "resolve", stand_in=stand_in, expected=groups) as row:
        # it asks the repositories for their newest, which must not be what the build below finds
        row.got = _resolved_groups(platform, spec, scratch, copy_cache(cache, scratch / "cache"))
    row.require()
    with platform_step(platform, "build", stand_in=stand_in, expected="the same SHA256SUMS") as row:
        _tool("build", spec, "-o", scratch / "again", "--cache", cache, "--offline")
        same = (scratch / "again/SHA256SUMS").read_bytes() == (bundle / "SHA256SUMS").read_bytes()
        row.got = "the same SHA256SUMS" if same else "other SHA256SUMS"
    row.require()
    with platform_step(platform, "verify", stand_in=stand_in, expected="all bytes, good") as row:
        verified = _tool("verify", bundle, "--keyring", keyring)["data"]
        row.got = f"{verified['mode']}, {verified['signature']['verdict']}"
    row.require()


def _resolved_groups(platform: str, spec: Path, scratch: Path, cache: Path) -> list[str]:
    """Package groups for which the spec's repositories gave packages that a trusted key has signed."""
    request = BuildRequest(spec=spec, output=scratch / "none", cache=cache)
    wanted = read_spec(spec).platforms[platform]
    packages = build_bundle_service(request).packages[PLATFORMS[platform].package_system]
    closure = packages.resolve(PLATFORMS[platform], wanted.repositories, Wanted(modules=wanted.modules))
    signed = {one.spec.name for one in closure.repositories if one.fingerprints}
    return sorted(
        name
        for name, group in closure.groups.items()
        if group and {package.repository for package in group} <= signed
    )


def _tool(command: str, *arguments: str | Path) -> dict[str, Any]:
    words: Sequence[str | Path] = (sys.executable, "-m", "graphistry_airgap", "--json", "bundle", command)
    done = subprocess.run([*words, *arguments], env=os.environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
