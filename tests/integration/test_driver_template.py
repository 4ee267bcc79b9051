"""A template with NVIDIA's real driver: there is no GPU, and the site file asks for it all the same.

The host comes with what an interrupted transaction leaves: headers that are unpacked and not configured.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import MEDIUM, RECEIPT, site_file
from tests.kit.faults.host_faults import site, unchanged
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool
from tests.kit.hosts.driver_hosts import WAIVED, driver_bundle, driver_host, driver_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.hosts.kernel_host import KernelHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses, pytest.mark.long]

VERSION = "550.163.01"
SITE = site_file(purpose="template") + WAIVED + "driver: {install: always}\n"
UNPACK = "dpkg --unpack $(find /media/bundle/packages -name 'linux-headers-*-common_*.deb')"
HEADERS = "$(dpkg-query -W -f '${Package}' 'linux-headers-*-common')"


@pytest.fixture(scope="module")
def host() -> Iterator[KernelHost]:
    with driver_host("driver-template", gpus=[], site=SITE, password=None) as made:
        with site(made, "purpose: nowhere\n"):
            assert install(made)[0] == 2, "it brings Python and the tool, which reads the site file"
        made.require(["sh", "-c", UNPACK])
        yield made


@pytest.fixture(scope="module")
def installed(host: KernelHost) -> dict[str, Any]:
    """The envelope of the run that follows one that was refused because the headers are on hold."""
    held = host.require(["sh", "-c", f"apt-mark hold {HEADERS} >&2; apt-mark showhold"]).strip()
    with unchanged(host):
        status, document = tool(host, "install", "--bundle", MEDIUM)
    assert status == 3, json.dumps(document, indent=1)
    assert [error["code"] for error in document["errors"]] == ["package-held"]
    assert held in document["errors"][0]["message"]
    # not `apt-mark unhold`, before which they would have to be whole
    host.require(["sh", "-c", f"echo {HEADERS} install | dpkg --set-selections"])
    status, document = tool(host, "install", "--bundle", MEDIUM, timeout=2400)
    assert status == 0, json.dumps(document, indent=1)
    return document


def test_the_driver_is_built_though_nothing_can_load_it(host, installed):
    assert installed["data"]["checks"]["failed"] == 0
    assert len(host.require(["sh", "-c", "ls /lib/modules/$(uname -r)/updates/dkms"]).split()) == 5
    assert host.exec(["test", "-e", "/proc/driver/nvidia"]).rc != 0
    assert host.require(["dpkg", "--audit"]) == ""
    found = json.loads(host.read(RECEIPT))
    assert (found["purpose"], found["complete"]) == ("template", True)
    assert (found["driver"]["action"], found["driver"]["version"]) == ("install", VERSION)
    assert found["driver"]["build"]["seconds"] > 10


def test_it_says_that_clones_would_share_dkms_s_key(host, installed):
    host.require(["test", "-s", "/var/lib/dkms/mok.key"])
    assert "module-signing-key" in json.loads(host.read(RECEIPT))["left_for_first_boot"]
    assert [message for message in installed["messages"] if "/var/lib/dkms/mok.key" in message]


def test_nothing_of_it_is_missing(host, installed):
    query = "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' " + " ".join(driver_packages())
    states = dict(line.split() for line in host.require(["sh", "-c", query]).splitlines())
    assert set(states.values()) == {"installed"}


def test_nothing_runs_and_no_licence_or_secret_is_there(host, installed):
    assert host.require(["docker", "ps", "-aq"]) == ""
    licence = "find / -xdev \\( -name '*.tok' -o -name 'gridd.conf*' \\) -not -path '/usr/share/*'"
    assert host.require(["sh", "-c", licence]) == ""
    settings = host.read("/var/graphistry/current/data/config/custom.env").decode().splitlines()
    assert settings
    # the vendor's own comments name secrets
    assert [line for line in settings if re.match(r"\w*(SECRET|PASSWORD)", line)] == []


def test_again_changes_and_builds_nothing(host, installed):
    before, receipt = snapshot(host), host.read(RECEIPT)
    status, document = tool(host, "install", "--bundle", MEDIUM)
    assert (status, document["data"]["changed"]) == (0, 0)
    assert asked_alone(document)
    assert snapshot(host) == before
    assert host.read(RECEIPT) == receipt


def test_nothing_tried_to_leave(host, installed):
    assert host.egress().packets == ()


def test_its_bundle_brings_a_driver_for_this_kernel(host):
    """Else the tests above would prove nothing."""
    kernels = json.loads((driver_bundle() / "bundle.json").read_bytes())["platforms"]["debian-13"]["driver"]
    assert host.require(["uname", "-r"]).strip() in kernels["kernels"]
