"""`plan` tells what an installation would change, and changes nothing; one host for all tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import INSTALL, MEDIUM, PASSWORD, RECEIPT, site_file
from tests.kit.hosts.demo_hosts import install, snapshot, tool
from tests.kit.strict_schemas import strict

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLAN = "/root/plan.json"
SITE = "/etc/graphistry-airgap/site.yml"
KEPT = "/root/approved.json"
CUSTOM_ENV = "/var/graphistry/releases/v2.50.1/data/config/custom.env"
SECRET = "GRAPHISTRY_NEXUS_SIGNING_KEY"
DAEMON_JSON = "/etc/docker/daemon.json"


@pytest.fixture(scope="module")
def host(sealed_host: Callable[..., SealedHost]) -> SealedHost:
    """Of ours it has the tool alone."""
    host = sealed_host("plan", site="schema: 0\n", password=PASSWORD)
    assert host.exec([*INSTALL, "--quiet"], timeout=600).rc == 2
    host.put(site_file().encode(), SITE)
    return host


def plan(host: SealedHost, *options: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, envelope, and what was written; what the host is like is the same before and after."""
    before = snapshot(host)
    host.exec(["rm", "-f", PLAN])
    rc, envelope = tool(host, "plan", "--bundle", MEDIUM, "-o", PLAN, *options)
    assert snapshot(host) == before
    return rc, envelope, host.exec(["cat", PLAN]).stdout


def sh(host: SealedHost, command: str) -> str:
    return host.require(["sh", "-c", command]).strip()


def things(changes: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(one, sort_keys=True) for one in changes}


def test_what_is_planned_on_a_fresh_host_is_what_the_installation_does(host: SealedHost) -> None:
    rc, envelope, text = plan(host)
    assert rc == 0, json.dumps(envelope, indent=1)
    written = json.loads(text)
    assert [error.message for error in strict("plan-v1").iter_errors(written)] == []
    (planned,) = written["hosts"]
    assert planned == envelope["data"]
    assert {one["stage"] for one in planned["changes"]} >= {"docker", "release"}
    assert {one["stage"] for one in planned["unknown"]} >= {"configuration", "services"}
    assert sh(host, f"stat -c '%U %a' {PLAN}") == "root 600"
    assert PASSWORD not in text

    host.put(text.encode(), KEPT)
    rc, envelope = install(host, "--plan", KEPT)
    assert rc == 0, json.dumps(envelope, indent=1)
    done = json.loads(host.read(RECEIPT))["changes"]
    assert things(planned["changes"]) <= things(done)
    waiting = {one["stage"] for one in planned["unknown"]}
    assert things([one for one in done if one["stage"] not in waiting]) <= things(planned["changes"])


def test_nothing_is_planned_where_all_is_in_place(host: SealedHost) -> None:
    rc, envelope, text = plan(host)
    assert (rc, envelope["data"]["changes"], envelope["data"]["unknown"]) == (0, [], [])
    assert json.loads(text)["hosts"][0]["changes"] == []
    assert envelope["messages"][0].endswith("nothing to change.")


def test_what_somebody_changed_by_hand_is_planned_back_and_no_secret_is_told(host: SealedHost) -> None:
    secret = sh(host, f"grep ^{SECRET}= {CUSTOM_ENV}").partition("=")[2].strip("'\"")
    assert len(secret) > 15
    sh(host, f"sed -i '/^AIR_GAPPED=/d' {CUSTOM_ENV}; chmod 644 {CUSTOM_ENV}")
    sh(host, "systemctl disable graphistry")
    rc, envelope, text = plan(host)
    assert rc == 0
    what = {one["what"] for one in envelope["data"]["changes"]}
    assert {f"{CUSTOM_ENV}#AIR_GAPPED", "graphistry.service"} <= what, what
    assert secret not in text
    assert secret not in json.dumps(envelope)
    assert host.exec(["grep", "^AIR_GAPPED=", CUSTOM_ENV]).rc == 1


def test_a_plan_that_does_not_fit_any_more_is_refused_and_changes_nothing(host: SealedHost) -> None:
    """Yesterday's, all of which is done; and today's, after which somebody has gone on changing."""
    before = snapshot(host)
    rc, envelope = install(host, "--plan", KEPT)
    assert (rc, [error["code"] for error in envelope["errors"]]) == (6, ["plan-differs"])
    _, _, text = plan(host)
    host.put(text.encode(), KEPT)
    sh(host, "rm /usr/lib/systemd/system/graphistry.service /etc/systemd/system/graphistry.service -f")
    harmed = snapshot(host)
    rc, envelope = install(host, "--plan", KEPT)
    (error,) = envelope["errors"]
    assert (rc, error["code"]) == (6, "plan-differs")
    assert [line for line in error["differs"] if "to do now, and not planned: file" in line], error
    assert before != harmed == snapshot(host)


def test_a_plan_that_fits_is_done(host: SealedHost) -> None:
    _, planned, text = plan(host)
    host.put(text.encode(), KEPT)
    rc, envelope = install(host, "--plan", KEPT)
    assert rc == 0, json.dumps(envelope, indent=1)
    assert envelope["data"]["changed"] > 0
    assert host.exec(["grep", "^AIR_GAPPED=", CUSTOM_ENV]).rc == 0
    assert planned["data"]["changes"]
    _, envelope, _ = plan(host)
    assert envelope["data"]["changes"] == []


def test_a_plan_that_could_not_be_written_is_not_made(host: SealedHost) -> None:
    rc, envelope, _ = plan(host, "-o", "/nowhere/plan.json")
    assert (rc, [error["code"] for error in envelope["errors"]]) == (2, ["output-unwritable"])


def test_where_an_installation_would_stop_there_is_no_plan(host: SealedHost) -> None:
    host.put(b'{"log-driver": "json-file",', DAEMON_JSON)
    rc, envelope, text = plan(host)
    assert (rc, text) == (3, "")
    assert DAEMON_JSON in json.dumps(envelope["errors"])
    assert envelope["messages"][-1] == f"No plan was written to {PLAN}."
