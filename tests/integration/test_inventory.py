"""What a site's inventory says of one host wins over the site file, is seen on the host, and is told.

The tests follow each other on one host.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import INSTALLED_TOOL, RECEIPT
from tests.kit.hosts.demo_hosts import asked_alone, snapshot, tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

INVENTORY = "/etc/graphistry-airgap/inventory"
HOSTS = b"all: {children: {gpus: {hosts: {gpu-7: {ansible_connection: local}}}}}\n"
# the second is the site's own variable, and would be a command if anything made a template of it
OF_THE_HOST = b"""\
graphistry_tls_mode: internal
graphistry_tls_hostname: gpu-7.example.test
site_note: "{{ lookup('ansible.builtin.pipe', 'touch /root/ran') }}"
"""
WAIVES = b"preflight_waive: [administrator]\n"


@pytest.fixture(scope="module")
def host(installed_host: Callable[[str], SealedHost]) -> SealedHost:
    host = installed_host("inventory")
    host.require(["mkdir", "-p", f"{INVENTORY}/host_vars"])
    host.put(HOSTS, f"{INVENTORY}/hosts.yml")
    return host


@pytest.fixture(scope="module")
def first(host: SealedHost) -> dict[str, Any]:
    host.put(OF_THE_HOST, f"{INVENTORY}/host_vars/gpu-7.yml")
    status, document = tool(host, "install", "--inventory", INVENTORY)
    assert status == 0, document["errors"]
    found: dict[str, Any] = document
    return found


def test_what_would_waive_a_requirement_is_refused_before_any_change(host):
    host.put(WAIVES, f"{INVENTORY}/host_vars/gpu-7.yml")
    before = snapshot(host)
    status, document = tool(host, "install", "--inventory", INVENTORY)
    assert (status, document["errors"][0]["code"]) == (2, "inventory-variable-refused")
    assert "preflight_waive" in document["errors"][0]["message"]
    assert snapshot(host) == before


def test_the_host_s_value_is_on_the_host(host, first):
    assert (
        "https://gpu-7.example.test {" in host.read("/var/graphistry/current/data/config/Caddyfile").decode()
    )
    assert host.exec(["test", "-e", "/root/ran"]).rc != 0


def test_the_run_and_the_receipt_name_it(host, first):
    named = {one["variable"]: one["key"] for one in first["data"]["overrides"]}
    assert named == {"graphistry_tls_mode": "tls.mode", "graphistry_tls_hostname": "tls.hostname"}
    receipt = json.loads(host.read(RECEIPT))
    assert receipt["overrides"] == first["data"]["overrides"]
    assert receipt["site"]["tls"] == {"mode": "internal", "hostname": "gpu-7.example.test"}
    assert receipt["inputs"]["inventory"] == INVENTORY
    said = host.require([INSTALLED_TOOL, "preflight"])
    assert "graphistry_tls_mode of the inventory's host gpu-7 is used, over tls.mode of the site file" in said


def test_the_next_run_takes_the_same_inventory_and_changes_nothing(host, first):
    before = host.read(RECEIPT)
    status, document = tool(host, "install")
    assert (status, document["data"]["changed"]) == (0, 0), document["errors"]
    assert asked_alone(document)
    assert host.read(RECEIPT) == before


def test_without_its_inventory_the_host_is_not_quietly_made_another(host, first):
    host.require(["mv", INVENTORY, f"{INVENTORY}.away"])
    status, document = tool(host, "install")
    host.require(["mv", f"{INVENTORY}.away", INVENTORY])
    assert (status, document["errors"][0]["code"]) == (2, "inventory-unreadable")


def test_another_inventory_is_remembered_also_where_it_changes_nothing(host, first):
    host.require(["cp", "-a", INVENTORY, f"{INVENTORY}.next"])
    status, document = tool(host, "install", "--inventory", f"{INVENTORY}.next")
    assert (status, document["data"]["changed"]) == (0, 0), document["errors"]
    assert json.loads(host.read(RECEIPT))["inputs"]["inventory"] == f"{INVENTORY}.next"
