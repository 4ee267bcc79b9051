"""A platform's host, as the rows of the matrix of platforms see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.hosts.prepared_host import INSTALLED_TOOL, RECEIPT
from tests.kit.faults.host_faults import wait_until
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.hosts.sealed_host import SealedHost

# of a host without one, with a bundle that may bring a driver or not
NO_GPU = "none: there is no NVIDIA GPU on the PCI bus"


def install_as_row(platform: str, host: SealedHost) -> dict[str, Any]:
    """The envelope of an installation after which every service of the demo's release is healthy."""
    with platform_step(platform, "install", stand_in=True, expected="15 services, changed") as row:
        rc, envelope = install(host, timeout=900)
        healthy = host.exec(["docker", "ps", "-q", "--filter", "health=healthy"]).stdout.split()
        changed = envelope["data"].get("changed")
        row.got = f"{len(healthy)} services, {'changed' if changed else 'nothing changed'}"
    assert rc == 0, json.dumps(envelope, indent=1)
    row.require()
    with platform_step(platform, "driver", stand_in=True, expected=NO_GPU) as row:
        driver = json.loads(host.read(RECEIPT))["driver"]
        row.got = f"{driver['action']}: {'; '.join(driver['reasons'])}"
    row.require()
    return envelope


def install_again_as_row(platform: str, host: SealedHost) -> None:
    """The second installation asks alone, and leaves the host as it was."""
    before = snapshot(host)
    with platform_step(platform, "second-run", stand_in=True, expected="exit 0, changed 0") as row:
        rc, envelope = install(host)
        row.got = f"exit {rc}, changed {envelope['data'].get('changed')}"
    row.require()
    assert asked_alone(envelope)
    assert snapshot(host) == before


def require_silence(host: SealedHost) -> None:
    """No packet tried to leave, and each control was seen to be counted."""
    assert host.egress().packets == ()
    controls = host.controls()
    assert set(controls) == {"address", "name", "container"}
    assert all(controls.values()), controls


def require_agreement(host: SealedHost) -> None:
    """`status` and `verify` find the host as the installation left it."""
    rc, status = tool(host, "status")
    assert (rc, status["data"]["unhealthy"]) == (0, [])
    rc, verified = tool(host, "verify")
    assert (rc, verified["data"]["failed"]) == (0, 0)


def restart_as_row(
    platform: str, host: SealedHost, *, stand_in: bool = True, then: Callable[[], None] = lambda: None
) -> None:
    """All services come back by themselves, and the installation finds nothing to do.

    `then` has the host say again what a test lets it say until it is turned off.
    """
    with platform_step(platform, "reboot", stand_in=stand_in, expected="exit 0, changed 0") as row:
        host.restart()
        then()
        wait_until(host, f"{INSTALLED_TOOL} verify --quiet", seconds=600)
        rc, envelope = install(host)
        row.got = f"exit {rc}, changed {envelope['data'].get('changed')}"
    row.require()
    assert asked_alone(envelope)
