"""Two sealed hosts of two platforms in one run: the tool's own machine, and one that is reached by ssh.

The tests follow each other.  What stops one host does not stop the other, and each has its own facts,
findings, receipt and verdict.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.fleet import FLEET
from lab.hosts.prepared_host import ADMINISTRATOR, ADMINISTRATOR_FILE, MEDIUM, PASSWORD, RECEIPT, site_file
from lab.hosts.ssh_host import RPM_SSH_IMAGE, SSH_IMAGE, TO, let_in, make_images, wire
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import demo_host, install, snapshot, tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

INVENTORY = "/etc/graphistry-airgap/inventory"
HOSTS = f"""\
all:
  children:
    gpus:
      hosts:
        one: {{ansible_connection: local}}
        two: {{ansible_host: {TO}}}
"""
OF_TWO = b"graphistry_tls_mode: internal\ngraphistry_tls_hostname: two.example.test\n"
OWN = "/var/lib/graphistry-airgap"


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[SealedHost, SealedHost]]:
    """Only the tool's machine has the keyring and the site file; an administrator's file is still missing."""
    bundle = made_bundle(FLEET, "`python -m lab.bundles.fleet`")
    make_images()
    keyring, site = FLEET / "trusted.gpg", site_file()
    with (
        demo_host("fleet-one", bundle=bundle, keyring=keyring, site=site, image=SSH_IMAGE) as one,
        demo_host(
            "fleet-two", bundle=bundle, keyring=keyring, site=site, image=RPM_SSH_IMAGE, password=None
        ) as two,
    ):
        two.require(["rm", "-r", "/etc/graphistry-airgap"])
        wire(one, two)
        let_in(one, two)
        one.put(HOSTS.encode(), f"{INVENTORY}/hosts.yml")
        one.put(OF_TWO, f"{INVENTORY}/host_vars/two.yml")
        yield one, two


@pytest.fixture(scope="module")
def first(hosts: tuple[SealedHost, SealedHost]) -> dict[str, Any]:
    """Host two is refused by preflight: nobody has put its administrator's file there."""
    one, two = hosts
    for host in hosts:
        host.mark()
    before = snapshot(two)
    status, document = install(one, "--inventory", INVENTORY)
    assert snapshot(two) == before
    assert status == 3
    found: dict[str, Any] = document
    return found


@pytest.fixture(scope="module")
def second(hosts: tuple[SealedHost, SealedHost], first: dict[str, Any]) -> dict[str, Any]:
    one, two = hosts
    two.put(ADMINISTRATOR.format(password=PASSWORD).encode(), ADMINISTRATOR_FILE, mode=0o600)
    status, document = tool(one, "install", timeout=1500)
    assert status == 0, document["errors"]
    found: dict[str, Any] = document
    return found


def of(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [host for host in document["data"]["hosts"] if host["host"] == name]
    return found


def receipt(host: SealedHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(RECEIPT))
    return found


def test_a_host_that_preflight_refuses_does_not_stop_the_other(hosts, first):
    one, two = of(first, "one"), of(first, "two")
    assert (one["exit_code"], one["errors"], one["checks"]["failed"]) == (0, [], 0)
    assert two["exit_code"] == 3
    assert [error["code"] for error in two["errors"]] == ["administrator-missing"]
    assert {error["host"] for error in first["errors"]} == {"two"}
    assert receipt(hosts[0])["complete"] is True
    assert hosts[1].exec(["ls", "/opt/graphistry-airgap"]).rc != 0
    assert hosts[1].exec(["ls", OWN]).rc != 0


def test_each_is_installed_from_what_the_bundle_has_for_its_platform(hosts, second):
    one, two = map(receipt, hosts)
    assert (one["bundle"]["platform"], two["bundle"]["platform"]) == ("debian-13", "rhel-9")
    assert (one["complete"], two["complete"]) == (True, True)
    assert {"docker.io"} <= {row["name"] for row in one["packages"]}
    assert {"docker-ce"} <= {row["name"] for row in two["packages"]}
    assert {change["what"] for change in one["changes"]} != {change["what"] for change in two["changes"]}


def test_what_the_first_run_installed_was_asked_alone_in_the_second(second):
    assert [stage["stage"] for stage in of(second, "one")["stages"]] == ["in-place", "verify"]
    assert of(second, "one")["changed"] == 0
    assert second["data"]["changed"] == of(second, "two")["changed"] > 0


def test_a_host_s_own_variable_is_its_own(hosts, second):
    own = "https://two.example.test {"
    caddyfiles = [host.read("/var/graphistry/current/data/config/Caddyfile").decode() for host in hosts]
    assert [own in text for text in caddyfiles] == [False, True]
    assert "overrides" not in receipt(hosts[0])
    named = [one["variable"] for one in receipt(hosts[1])["overrides"]]
    assert named == ["graphistry_tls_hostname", "graphistry_tls_mode"]


def test_the_other_host_has_no_tool_and_no_key_of_ours(hosts, second):
    _, two = hosts
    assert two.exec(["ls", "/opt/graphistry-airgap/bin"]).rc != 0
    assert two.exec(["ls", "/etc/graphistry-airgap/trusted.gpg"]).rc != 0
    assert two.exec(["ls", f"{OWN}/stages-begun.jsonl", "/opt/graphistry-airgap/packages-before"]).rc != 0


def test_a_run_that_has_nothing_to_do_writes_nothing_anywhere(hosts, second):
    before = [(snapshot(host), host.read(RECEIPT)) for host in hosts]
    status, document = tool(hosts[0], "install", timeout=900)
    assert (status, document["data"]["changed"]) == (0, 0), document["errors"]
    for name in ("one", "two"):
        assert [stage["stage"] for stage in of(document, name)["stages"]] == ["in-place", "verify"]
    assert [(snapshot(host), host.read(RECEIPT)) for host in hosts] == before


def test_preflight_and_verify_tell_of_each_host(hosts, second):
    status, document = tool(hosts[0], "preflight")
    assert (status, of(document, "two")["platform"]) == (0, "rhel-9")
    status, document = tool(hosts[0], "verify")
    assert (status, of(document, "one")["failed"], of(document, "two")["failed"]) == (0, 0, 0)
    assert of(document, "two")["junit"] == f"{OWN}/reports/two/verify.xml"


def test_status_tells_of_each_host_and_without_an_inventory_of_its_own_machine(hosts, second):
    status, document = tool(hosts[0], "status", "--inventory", INVENTORY)
    assert status == 0, document["errors"]
    for name in ("one", "two"):
        services = of(document, name)["services"]
        assert len(services) > 10
        assert {row["health"] for row in services} == {"healthy"}
    status, document = tool(hosts[0], "status")
    assert (status, "hosts" in document["data"], document["data"]["unhealthy"]) == (0, False, [])


def test_what_was_harmed_there_is_mended_there_alone(hosts, second):
    one, two = hosts
    before = receipt(one)
    two.require(["docker", "image", "rm", "-f", "redis:6.2.7"])
    two.require(["docker", "stop", *two.require(["docker", "ps", "-q", "-f", "name=caddy"]).split()])
    status, document = tool(one, "status", "--inventory", INVENTORY)
    assert (status, of(document, "one")["unhealthy"], of(document, "two")["unhealthy"]) == (1, [], ["caddy"])
    status, document = tool(one, "install", timeout=900)
    assert status == 0, document["errors"]
    assert of(document, "one")["changed"] == 0 < of(document, "two")["changed"]
    assert receipt(one) == before


def test_one_without_the_medium_or_that_cannot_be_reached_is_named(hosts, second):
    one, two = hosts
    two.require(["umount", MEDIUM])
    status, document = tool(one, "preflight")
    assert (status, [error["code"] for error in document["errors"]]) == (3, ["host-without-medium"])
    assert of(document, "one")["exit_code"] == 0
    two.require(["systemctl", "stop", "ssh.service"])
    status, document = tool(one, "install")
    assert (status, [error["code"] for error in document["errors"]]) == (3, ["host-unreachable"])
    assert "Connection refused" in document["errors"][0]["message"]
    assert (of(document, "one")["exit_code"], of(document, "one")["changed"]) == (0, 0)


def test_nothing_tried_to_leave_either_host(hosts, second):
    assert [host.egress().packets for host in hosts] == [(), ()]
