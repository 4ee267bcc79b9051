"""A host that the tool of before its rooms were moved installed: today's takes it on and changes nothing.

Both bundles bring the same release and packages; today's takes the former's place on the medium.  Then the
former comes back: what it can read it goes on from, what it cannot it refuses by name.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles import former
from lab.hosts.prepared_host import MEDIUM, RECEIPT
from tests.kit.hosts.demo_hosts import asked_alone, demo_host, install, snapshot, tool
from tests.kit.hosts.resume_host import STATE, remember

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
CADDYFILE = "/var/graphistry/current/data/config/Caddyfile"
INVENTORY = "/etc/graphistry-airgap/inventory"
HOSTS = b"all: {hosts: {gpu-7: {ansible_connection: local}}}\n"
GIVEN_NAME = "gpu-7.example.test"
OF_THE_HOST = f"graphistry_tls_mode: internal\ngraphistry_tls_hostname: {GIVEN_NAME}\n".encode()
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


# ---- and the way back --------------------------------------------------------------------------------------


def by_the_former(host: SealedHost, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Its own medium again, and its own install.sh."""
    host.require(["umount", MEDIUM])
    try:
        return install(host, *arguments, "--allow-older")
    finally:
        host.require(["mount", "--bind", TODAY, MEDIUM])


def test_the_former_tool_reads_today_s_receipt_and_changes_nothing(host, taken_on):
    before = snapshot(host)
    status, document = by_the_former(host)
    assert (status, document["data"]["changed"]) == (0, 0), json.dumps(document, indent=1)
    host.require(["sh", "-c", f"ls -d {PACKAGE}/services"])
    assert snapshot(host) == before
    assert json.loads(host.read(RECEIPT))["bundle"]["id"] != taken_on["document"]["data"]["bundle"]["id"]


@pytest.fixture(scope="module")
def of_an_inventory(host: SealedHost, taken_on: dict[str, Any]) -> dict[str, Any]:
    """Today's tool again, with an inventory that says something of this host; the state after it."""
    host.require(["mkdir", "-p", f"{INVENTORY}/host_vars"])
    host.put(HOSTS, f"{INVENTORY}/hosts.yml")
    host.put(OF_THE_HOST, f"{INVENTORY}/host_vars/gpu-7.yml")
    status, document = install(host, "--inventory", INVENTORY, "--allow-older")
    assert status == 0, json.dumps(document, indent=1)
    assert GIVEN_NAME in host.read(CADDYFILE).decode()
    return {"state": snapshot(host), "receipt": host.read(RECEIPT)}


def test_a_host_with_an_inventory_is_not_quietly_made_another(host, of_an_inventory):
    """The former tool knows of none, and would take back what it says."""
    status, document = by_the_former(host)
    (error,) = document["errors"]
    assert (status, error["code"]) == (2, "receipt-unreadable")
    assert "schema" in error["message"]
    assert snapshot(host) == of_an_inventory["state"]
    assert host.read(RECEIPT) == of_an_inventory["receipt"]
    assert GIVEN_NAME in host.read(CADDYFILE).decode()


def test_a_pending_reboot_with_an_inventory_is_refused_by_name(host, of_an_inventory):
    remember(host, rebooted=True)
    pending = host.read(STATE)
    assert json.loads(pending)["inventory"] == INVENTORY
    status, document = by_the_former(host, "--resume")
    (error,) = document["errors"]
    assert (status, error["code"]) == (2, "resume-unreadable")
    assert STATE in error["message"]
    assert host.read(STATE) == pending


def test_today_s_tool_goes_on_from_it(host, of_an_inventory):
    status, document = tool(host, "install", "--resume")
    assert (status, document["data"]["changed"]) == (0, 0), json.dumps(document, indent=1)
    assert host.exec(["test", "-e", STATE]).rc != 0
    assert GIVEN_NAME in host.read(CADDYFILE).decode()


def test_nothing_tried_to_leave(host: SealedHost, taken_on: dict[str, Any]) -> None:
    assert host.egress().packets == ()
