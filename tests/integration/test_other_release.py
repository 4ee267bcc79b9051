"""The product is on the host already: another release over it is refused before any change, a lost receipt is
made anew, links on the way change nothing, and what was begun and never ran is replaced and told.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.kept_host import ENGINE
from lab.hosts.prepared_host import INSTALLED_TOOL, MEDIUM, RECEIPT, SITE_FILE, site_file
from tests.kit.bundles.other_bundle import OTHER, OTHER_VERSION, other_release
from tests.kit.faults.host_faults import living_state, site
from tests.kit.hosts.demo_hosts import copied_host, install, snapshot, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

VERSION = "v2.50.1"
ROOT = "/var/graphistry"
SECRETS = f"{ROOT}/current/data/config/custom.env"
HISTORY = "/var/lib/graphistry-airgap/receipts"
PROCESSES = "docker ps -q | xargs docker inspect -f '{{.Name}} {{.State.Pid}} {{.State.StartedAt}}' | sort"


@pytest.fixture(scope="module")
def host(installed_host: Callable[[str], SealedHost]) -> SealedHost:
    """The release runs on it."""
    return installed_host("other-release")


@pytest.fixture(scope="module")
def fresh(bundle: Path) -> Iterator[SealedHost]:
    """Docker runs on it, and nothing of the product is there."""
    with copied_host("other-fresh", ENGINE) as made:
        yield made


def processes(host: SealedHost) -> list[str]:
    return host.require(["sh", "-c", PROCESSES]).splitlines()


def again(host: SealedHost, *, bundle: str = MEDIUM) -> dict[str, Any]:
    status, document = tool(host, "install", "--bundle", bundle)
    assert status == 0, json.dumps(document, indent=1)
    data: dict[str, Any] = document["data"]
    return data


def receipt(host: SealedHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(RECEIPT))
    return found


@pytest.mark.parametrize("way", ["install.sh", "install", "preflight"])
def test_another_release_over_a_running_one_is_refused_before_any_change(host, way):
    before, state = snapshot(host), living_state(host)
    running, program = processes(host), host.require(["readlink", "-f", INSTALLED_TOOL])
    assert len(running) > 10
    with other_release(host):
        status, document = (
            install(host, medium=OTHER) if way == "install.sh" else tool(host, way, "--bundle", OTHER)
        )
    assert (status, document["errors"][0]["code"]) == (3, "host-other-release")
    assert VERSION in document["errors"][0]["message"]
    assert OTHER_VERSION in document["errors"][0]["message"]
    assert processes(host) == running
    assert snapshot(host) == before
    assert sorted(living_state(host) ^ state) == []
    assert host.require(["readlink", "-f", INSTALLED_TOOL]) == program


def test_a_lost_receipt_is_made_anew_and_nothing_else(host):
    running, secrets = processes(host), host.read(SECRETS)
    host.require(["rm", "-r", RECEIPT, HISTORY])
    assert again(host)["changed"] == 0
    assert receipt(host)["complete"] is True
    assert receipt(host)["bundle"]["release"] == VERSION
    assert (processes(host), host.read(SECRETS)) == (running, secrets)


def test_a_damaged_receipt_is_told_with_its_last_good_copy(host):
    running, good = processes(host), host.read(RECEIPT)
    host.put(good[: len(good) // 2], RECEIPT, mode=0o600)
    status, document = tool(host, "install", "--bundle", MEDIUM)
    (error,) = document["errors"]
    assert (status, error["code"]) == (2, "receipt-unreadable")
    assert HISTORY in error["hint"]
    host.require(["sh", "-c", f"cp -a $(ls -d {HISTORY}/* | tail -n 1) {RECEIPT}"])
    assert host.read(RECEIPT) == good
    assert again(host)["changed"] == 0
    assert processes(host) == running


@pytest.mark.parametrize(
    ("link", "answers"),
    [
        (f"mv {ROOT} /srv/big && ln -s /srv/big {ROOT}", ""),
        pytest.param("ln -s /var /srv/disk", "root: /srv/disk/graphistry\n", marks=pytest.mark.long),
    ],
)
def test_a_link_in_the_way_to_the_release_is_settled_by_one_run(host, link, answers):
    """A disk was full, so somebody has moved the directory; Compose makes containers anew for other paths."""
    secrets, volumes = host.read(SECRETS), host.require(["docker", "volume", "ls", "-q"])
    host.require(["sh", "-c", link])
    with site(host, host.read(SITE_FILE).decode() + answers):
        again(host)
        running = processes(host)
        assert again(host)["changed"] == 0
        assert processes(host) == running
    assert host.require(["docker", "volume", "ls", "-q"]) == volumes
    assert host.read(SECRETS) == secrets


def test_a_release_that_was_begun_and_never_ran_is_replaced_and_told(fresh):
    with site(fresh, site_file(purpose="template")):
        again(fresh)
        assert receipt(fresh)["bundle"]["release"] == VERSION
        with other_release(fresh):
            told = [
                one for one in again(fresh, bundle=OTHER)["findings"] if one["code"] == "release-replaced"
            ]
            assert [one["severity"] for one in told] == ["warning"]
            assert f"Graphistry {VERSION} was begun here and never ran" in told[0]["message"]
            assert f"{ROOT}/releases/{VERSION} stays" in told[0]["message"]
            assert receipt(fresh)["replaced_releases"] == [VERSION]
            assert receipt(fresh)["bundle"]["release"] == OTHER_VERSION
            assert again(fresh, bundle=OTHER)["changed"] == 0
            assert receipt(fresh)["replaced_releases"] == [VERSION]
    assert fresh.exec(["test", "-d", f"{ROOT}/releases/{VERSION}"]).rc == 0


def test_nothing_tried_to_leave(host, fresh):
    assert (host.egress().packets, fresh.egress().packets) == ((), ())
