"""A host that the tool of before its rooms were moved installed: today's takes it on and changes nothing.

Both bundles bring the same release and packages; today's takes the former's place on the medium.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles import former
from lab.hosts.prepared_host import MEDIUM, RECEIPT
from tests.kit.hosts.demo_hosts import asked_alone, demo_host, install, snapshot, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [
    pytest.mark.host,
    pytest.mark.subprocesses,
    pytest.mark.skipif(not former.is_known(), reason=f"{former.COMMIT} is not in the history here"),
]

TODAY = "/media/today"
PACKAGE = "/opt/graphistry-airgap/runtimes/*/lib/python3*/site-packages/graphistry_airgap"
CUSTOM_ENV = "/var/graphistry/current/data/config/custom.env"
PROCESSES = "docker ps -q | xargs docker inspect -f '{{.Name}} {{.State.Pid}}' | sort"


@pytest.fixture(scope="module")
def host(bundle: Path, keyring: Path) -> Iterator[SealedHost]:
    mounts = [f"{bundle}:{TODAY}:ro"]
    with demo_host("former", bundle=former.make(), keyring=keyring, mounts=mounts) as made:
        status, document = install(made)
        assert status == 0, json.dumps(document, indent=1)
        # its rooms: nobody has mistaken today's tool for it
        made.require(["sh", "-c", f"ls -d {PACKAGE}/services"])
        yield made


@pytest.fixture(scope="module")
def taken_on(host: SealedHost) -> dict[str, Any]:
    """The state before, and the envelope of the run by today's tool."""
    before = {"state": snapshot(host), "env": host.read(CUSTOM_ENV), "processes": processes(host)}
    host.require(["mount", "--bind", TODAY, MEDIUM])
    # the former bundle may have been resolved later
    status, document = install(host, "--allow-older")
    assert status == 0, json.dumps(document, indent=1)
    return {**before, "document": document}


def processes(host: SealedHost) -> str:
    return host.require(["sh", "-c", PROCESSES])


def test_nothing_changes(host: SealedHost, taken_on: dict[str, Any]) -> None:
    assert taken_on["document"]["data"]["changed"] == 0
    host.require(["sh", "-c", f"ls -d {PACKAGE}/wiring"])
    assert snapshot(host) == taken_on["state"]
    assert host.read(CUSTOM_ENV) == taken_on["env"]
    assert processes(host) == taken_on["processes"]


def test_the_receipt_is_of_today_s_bundle(host: SealedHost, taken_on: dict[str, Any]) -> None:
    receipt = json.loads(host.read(RECEIPT))
    assert receipt["complete"] is True
    assert receipt["bundle"]["id"] == taken_on["document"]["data"]["bundle"]["id"]
    assert receipt["changes"] == []


def test_the_next_run_asks_alone(host: SealedHost, taken_on: dict[str, Any]) -> None:
    status, document = tool(host, "install")
    assert (status, document["data"]["changed"]) == (0, 0)
    assert asked_alone(document)


def test_status_and_verify_know_it(host: SealedHost, taken_on: dict[str, Any]) -> None:
    status, document = tool(host, "status")
    assert (status, document["data"]["unhealthy"]) == (0, [])
    assert tool(host, "verify")[0] == 0


def test_nothing_tried_to_leave(host: SealedHost, taken_on: dict[str, Any]) -> None:
    assert host.egress().packets == ()
