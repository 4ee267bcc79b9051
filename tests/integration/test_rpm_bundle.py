"""A bundle for rhel-9 from the lab's stand-in repositories: built again, verified, with a driver."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.adapters.spec_file import read_spec
from graphistry_airgap.connected.packages import dnf_closure
from graphistry_airgap.connected.packages.closure import Wanted
from graphistry_airgap.connected.packages.dnf_metadata import DnfMetadata
from graphistry_airgap.knowledge.platforms import PLATFORMS
from lab.bundles.rpm import RPM
from tests.kit.bundles.bundle_steps import try_bundle
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "rhel-9"
KERNEL, OLDER, GONE = (f"5.14.0-503.{build}.1.el9_5.x86_64" for build in (40, 14, 33))
DRIVER = """\
    driver:
      branch: "580"
      modules: [open]
      kernels: ["{kernel}"]
"""


@pytest.fixture
def scratch():
    made_bundle(RPM, "`python -m lab.bundles.rpm`")
    path = RPM.parent / "tests" / "rpm-bundle"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(path)


def build(scratch: Path, kernel: str, modules: str = "nvidia-driver:580-open") -> tuple[int, dict]:
    """The lab's spec with a driver for a kernel; the spec lies beside the lab's own."""
    text = (RPM / "rhel.bundle.yml").read_text().replace("nvidia-driver:580-open", modules)
    spec = RPM / "driver-test.bundle.yml"
    spec.write_text(text + DRIVER.format(kernel=kernel))
    words = ["bundle", "build", spec, "-o", scratch / "driver", "--cache", RPM / "cache"]
    command = [sys.executable, "-m", "graphistry_airgap", "--json", *words]
    done = subprocess.run(command, capture_output=True, check=False)
    spec.unlink()
    return done.returncode, json.loads(done.stdout)


def test_the_bundle_resolves_is_built_again_and_verifies(scratch):
    try_bundle(PLATFORM, RPM / "rhel.bundle.yml", RPM / "bundle", RPM / "trusted.gpg", scratch, stand_in=True)


def test_a_driver_from_a_stream_and_headers_without_their_kernel(scratch):
    expected = {"driver": "580.95.05", "kernels": [OLDER], "kernel packages": ["kernel-devel"]}
    with platform_step(PLATFORM, "build", stand_in=True, expected=expected, variant="driver") as row:
        status, envelope = build(scratch, OLDER)
        assert status == 0, envelope
        platform = json.loads((scratch / "driver/bundle.json").read_bytes())["platforms"][PLATFORM]
        names = {package["name"] for group in platform["packages"].values() for package in group}
        row.got = {
            "driver": platform["driver"]["version"],
            "kernels": platform["driver"]["kernels"],
            "kernel packages": sorted(name for name in names if name.startswith("kernel-")),
        }
    row.require()
    assert platform["modules"] == ["nvidia-driver:580-open"]


def test_the_machine_s_own_dnf_has_no_say(scratch, monkeypatch):
    """Whoever opens its settings or repositories waits until the time is over: they are pipes here."""
    for place in ("dnf/dnf.conf", "yum.repos.d/site.repo"):
        (scratch / place).parent.mkdir()
        os.mkfifo(scratch / place)
    script = (
        f"mkdir -p /etc/dnf /etc/yum.repos.d && mount --bind {scratch}/dnf /etc/dnf && "
        f'mount --bind {scratch}/yum.repos.d /etc/yum.repos.d && exec timeout 60 /usr/bin/python3 "$@"'
    )
    python = scratch / "python3"
    python.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{script}' sh \"$@\"\n")
    python.chmod(0o755)
    monkeypatch.setattr(dnf_closure, "PYTHON", str(python))
    cache, wanted = Cache(scratch / "cache"), read_spec(RPM / "rhel.bundle.yml").platforms[PLATFORM]
    fetcher = Fetcher(cache, offline=False)
    resolver = dnf_closure.DnfClosure(cache, DnfMetadata(cache, fetcher), fetcher)
    closure = resolver.resolve(PLATFORMS["rhel-9"], wanted.repositories, Wanted(modules=wanted.modules))
    assert "docker-ce" in {package.name for package in closure.packages}


def test_a_kernel_that_the_repositories_no_longer_have(scratch):
    status, envelope = build(scratch, GONE)
    (error,) = envelope["errors"]
    assert (status, error["code"]) == (2, "kernel-unavailable")
    assert error["nearest"] == [f"kernel-devel-{name}" for name in (OLDER, KERNEL)]
    assert not (scratch / "driver").exists()


def test_another_stream_than_the_driver_s_branch(scratch):
    status, envelope = build(scratch, KERNEL, "nvidia-driver:590-open")
    (error,) = envelope["errors"]
    assert (status, error["code"]) == (2, "driver-branch-changed")
