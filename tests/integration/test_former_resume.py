"""A former tool needed a reboot, and after it today's tool goes on: by the medium of either.

Real are the former bundle, its driver and the exit 10; the kernel's part is played as in `test_driver.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles import former
from lab.hosts.kernel_host import T4, KernelHost
from lab.hosts.prepared_host import ADMINISTRATOR_FILE, MEDIUM, RECEIPT
from tests.kit.faults.host_faults import wait_until
from tests.kit.hosts.demo_hosts import install, tool
from tests.kit.hosts.driver_hosts import copied, driver_bundle, driver_host, driver_site
from tests.kit.hosts.resume_host import STATE, UNIT, unit_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.hosts.sealed_host import SealedHost

pytestmark = [
    pytest.mark.host,
    pytest.mark.subprocesses,
    pytest.mark.long,
    pytest.mark.skipif(not former.is_known(), reason=f"{former.COMMIT} is not in the history here"),
]

TODAY = "/media/today"
SNAPSHOT = "airgap-test/former-waits"
OWN_PACKAGE = (
    "ls -d $(dirname $(readlink -f /opt/graphistry-airgap/bin/graphistry-airgap))"
    "/../lib/python3*/site-packages/graphistry_airgap"
)
RESTART = "graphistry-airgap-restart.timer"


def mounts() -> dict[str, Any]:
    return {"bundle": former.make_with_driver(), "more": [f"{driver_bundle()}:{TODAY}:ro"]}


def identity(host: SealedHost, medium: str) -> str:
    return str(json.loads(host.read(f"{medium}/bundle.json"))["id"])


def code_of_the_tool(host: SealedHost) -> str:
    """A room that the tool has which the host would start: today's, or one of before."""
    package = host.require(["sh", "-c", OWN_PACKAGE]).strip()
    return host.require(["sh", "-c", f"cd {package} && ls -d services wiring 2>/dev/null || true"]).strip()


def bring_today_s_tool(host: SealedHost) -> None:
    """As an operator does who begins with today's medium, is refused, and thinks of the former one again."""
    assert code_of_the_tool(host) == "services"
    host.require(["mv", ADMINISTRATOR_FILE, "/root/administrator.yml"])
    status, document = install(host, "--allow-older", medium=TODAY)
    host.require(["mv", "/root/administrator.yml", ADMINISTRATOR_FILE])
    assert status == 3, json.dumps(document, indent=1)
    assert {error["stage"] for error in document["errors"]} == {"preflight"}
    assert code_of_the_tool(host) == "wiring"


def receipt(host: SealedHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(RECEIPT))
    return found


@pytest.fixture(scope="module")
def host() -> Iterator[KernelHost]:
    """The former tool has built the driver, and waits for the reboot that takes the GPU from nouveau."""
    with driver_host("former-resume", gpus=[T4], nouveau=True, site=driver_site(), **mounts()) as made:
        status, document = install(made)
        assert status == 10, json.dumps(document, indent=1)
        yield made


@pytest.fixture(scope="module")
def waiting(host: KernelHost) -> Iterator[str]:
    """An image of it."""
    with copied(host, SNAPSHOT) as image:
        yield image


def test_today_s_tool_reads_what_the_former_waits_for(host, waiting):
    bring_today_s_tool(host)
    status, document = tool(host, "install", "--resume")
    assert (status, document["data"]["reboot"]) == (10, "manual")
    status, document = tool(host, "status")
    assert document["data"]["resume"]["reboot_due"] is True


def test_it_goes_on_from_the_former_s_medium(host):
    host.power_cut()
    status, document = tool(host, "install", "--resume", timeout=900)
    assert status == 0, json.dumps(document, indent=1)
    assert host.exec(["test", "-e", STATE]).rc != 0
    found = receipt(host)
    assert (found["complete"], found["bundle"]["id"]) == (True, identity(host, MEDIUM))
    assert found["resumed"] == {"stage": "driver", "reboots": {"driver": 1}, "site_changed": False}
    assert found["driver"]["loaded"]


def test_today_s_bundle_then_changes_nothing(host):
    # at the former's place, for the package manager's settings name it
    host.require(["mount", "--bind", TODAY, MEDIUM])
    status, document = install(host, "--allow-older")
    assert (status, document["data"]["changed"]) == (0, 0), json.dumps(document, indent=1)
    assert receipt(host)["bundle"]["id"] == identity(host, TODAY)


def test_nothing_tried_to_leave(host):
    assert host.egress().packets == ()
    # two stacks at once are more than a small machine carries
    host.require(["systemctl", "stop", "docker.socket", "docker"])


def test_a_plain_install_with_today_s_bundle_takes_its_place_and_says_so(waiting):
    with driver_host("former-plain", gpus=[T4], site=driver_site(), image=waiting, **mounts()) as host:
        status, document = install(host, "--resume", "--allow-older", medium=TODAY)
        assert (status, document["errors"][0]["code"]) == (4, "other-bundle")
        status, document = install(host, "--allow-older", medium=TODAY)
        assert status == 0, json.dumps(document, indent=1)
        (said,) = [words for words in document["messages"] if "waited here for a reboot" in words]
        assert identity(host, MEDIUM) in said
        assert identity(host, TODAY) in said
        assert host.exec(["test", "-e", STATE]).rc != 0
        assert receipt(host)["bundle"]["id"] == identity(host, TODAY)
        assert "resumed" not in receipt(host)
        assert host.egress().packets == ()


def test_the_former_s_unit_starts_today_s_tool_which_goes_on(waiting):
    site = driver_site("reboot: automatic\n")
    with driver_host("former-auto", gpus=[], site=site, image=waiting, **mounts()) as host:
        # the copy is of a host that waits; this one asks for a reboot of its own
        host.require(["rm", STATE])
        host.hold_gpus()
        host.plug(gpus=[T4])
        status, document = tool(host, "install", "--bundle", MEDIUM)
        # in time: it restarts the host some seconds after the run
        host.require(["systemctl", "stop", RESTART])
        assert (status, document["data"]["reboot"]) == (10, "automatic"), json.dumps(document, indent=1)
        bring_today_s_tool(host)
        host.restart()
        wait_until(host, f"[ ! -e {STATE} ]", seconds=900)
        wait_until(host, f"! systemctl is-active --quiet {UNIT}", seconds=120)
        assert unit_state(host) == ("inactive", "not-found")
        found = receipt(host)
        assert (found["complete"], found["bundle"]["id"]) == (True, identity(host, MEDIUM))
        assert found["resumed"]["site_changed"] is False
        assert code_of_the_tool(host) == "wiring"
        assert host.egress().packets == ()
