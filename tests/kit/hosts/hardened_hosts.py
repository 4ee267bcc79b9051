"""Hardened hosts that a test installs as their operator does, one for each package system.

What of the hardening is real and what is a stand-in says `lab/hosts/hardened_host.py`.
"""

from __future__ import annotations

import json
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.demo import DEMO
from lab.bundles.rpm import RPM
from lab.hosts import rpm_host
from lab.hosts.hardened_host import HARDENED_IMAGE, OPERATOR, HardenedHost, make_image
from lab.hosts.prepared_host import INSTALL, RECEIPT, SITE_FILE, prepared, site_file
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEALTHY = "15 services healthy"


@dataclass(frozen=True)
class System:
    """What the host runs, and the bundle for it; `stand_in` when it only plays the platform's part."""

    platform: str
    stand_in: bool
    folder: Path
    made_by: str
    image: str
    make_image: Callable[[], None]

    def __str__(self) -> str:
        return self.platform


DEBIAN = System("debian-13", False, DEMO, "scripts/demo", HARDENED_IMAGE, make_image)
ROCKY = System(
    "rhel-9",
    True,
    RPM,
    "`python -m lab.bundles.rpm`",
    rpm_host.HARDENED_RPM_IMAGE,
    rpm_host.make_hardened_image,
)


@dataclass
class Hardened:
    """The host, and what was seen on its way."""

    system: System
    host: HardenedHost
    share: Path
    before: set[str] = field(default_factory=set, repr=False)
    refused: dict[str, Any] = field(default_factory=dict, repr=False)
    envelope: dict[str, Any] = field(default_factory=dict, repr=False)

    def sh(self, script: str, *, timeout: int = 120) -> str:
        return self.host.require(["sh", "-c", script], timeout=timeout).strip()

    def rc(self, script: str) -> int:
        return self.host.exec(["sh", "-c", f"umask 077; {script}"], timeout=120).rc

    def say(self, hardening: str) -> None:
        self.host.put((site_file() + hardening).encode(), SITE_FILE)

    def install(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """As an operator does: sudo on a terminal, which gives the shell a umask of 077."""
        script = f"{shlex.join([*INSTALL, '--json', *arguments])} >/root/said 2>/root/errors"
        sudo = f"sudo -n sh -c {shlex.quote(script)}"
        command = ["su", "-", OPERATOR, "-c", f"script -qec {shlex.quote(sudo)} /dev/null"]
        rc = self.host.exec(command, timeout=900).rc
        said = self.host.read("/root/said").decode()
        if not said:
            pytest.fail(f"exit {rc}, no envelope\n{self.host.read('/root/errors').decode()}")
        return rc, json.loads(said)

    def health(self) -> str:
        rc, said = tool(self.host, "status")
        states = [row["health"] for row in said["data"]["services"]]
        return HEALTHY if rc == 0 and states == ["healthy"] * 15 else f"exit {rc}: {states}"

    def receipt(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.host.read(RECEIPT))
        return document


@contextmanager
def hardened_host(system: System, share: Path) -> Iterator[Hardened]:
    """A started host with the operator's files; its medium, made at `share`, gives nobody an x bit."""
    shutil.copytree(made_bundle(system.folder, system.made_by), share, copy_function=shutil.copyfile)
    share.parent.chmod(0o755)
    for path in share.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o444)
    system.make_image()
    host = HardenedHost(f"airgap-test-hardened-{system}")
    boot = partial(host.boot, share, image=system.image)
    with prepared(host, boot, keyring=system.folder / "trusted.gpg", site=site_file()):
        yield Hardened(system, host, share)
