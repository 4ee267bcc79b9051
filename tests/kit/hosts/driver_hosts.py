"""Sealed hosts with a kernel on their disk and the driver's bundle, and copies of one at a moment."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from lab.bundles.demo import BUILD, CHECKOUT
from lab.bundles.driver import DRIVER
from lab.hosts.kernel_host import KERNEL_IMAGE, KernelHost
from lab.hosts.prepared_host import MEDIUM, PASSWORD, prepared, site_file
from tests.kit.bundles.made_bundle import made_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STATE_SCRIPT = CHECKOUT / "molecule" / "driver" / "state.sh"
# Debian's driver is older than the demo's release needs; nothing computes here
WAIVED = "waive: [driver-range]\n"


def driver_bundle() -> Path:
    return made_bundle(DRIVER, "`python -m lab.bundles.driver`")


def driver_site(more: str = "") -> str:
    return site_file() + WAIVED + more


@contextmanager
def driver_host(
    name: str,
    *,
    gpus: Sequence[str],
    site: str,
    nouveau: bool = False,
    image: str = KERNEL_IMAGE,
    password: str | None = PASSWORD,
    bundle: Path | None = None,
    more: Sequence[str] = (),
) -> Iterator[KernelHost]:
    """A booted host with the operator's files and a bundle on its medium: today's, or the one named."""
    host = KernelHost(f"airgap-test-{name}")
    mounts = [f"{bundle or driver_bundle()}:{MEDIUM}:ro", *more]
    boot = partial(host.boot, gpus=gpus, nouveau=nouveau, image=image, mounts=mounts)
    with prepared(host, boot, keyring=DRIVER / "trusted.gpg", site=site, password=password) as booted:
        yield booted


@contextmanager
def copied(host: KernelHost, image: str) -> Iterator[str]:
    """An image of the host as it is now, without its Docker's data."""
    subprocess.run(["docker", "commit", host.name, image], check=True, capture_output=True)
    try:
        yield image
    finally:
        subprocess.run(["docker", "image", "rm", "-f", image], check=False, capture_output=True)


def driver_packages() -> list[str]:
    platform = json.loads((driver_bundle() / "bundle.json").read_bytes())["platforms"]["debian-13"]
    groups = [
        members
        for group, members in platform["packages"].items()
        if group in ("driver", "driver-proprietary") or group.startswith("headers-")
    ]
    return sorted({package["name"] for members in groups for package in members})


def driver_state(host: KernelHost) -> list[str]:
    """What molecule's undisturbed host wrote down of itself, of this one."""
    host.put(STATE_SCRIPT, "/run/state.sh")
    return host.require(["sh", "/run/state.sh", " ".join(driver_packages())]).splitlines()


def undisturbed_state() -> list[str]:
    path = BUILD / "molecule" / "driver-state.txt"
    if not path.is_file():
        pytest.fail(f"there is no {path}: run scripts/test (or `molecule test -s driver`, which makes it)")
    return path.read_text(encoding="utf-8").splitlines()
