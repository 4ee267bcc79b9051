"""What is asked for a plan, what a plan says, and when there is none."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.core.errors import HostError
from graphistry_airgap.installation.bring import Bring
from graphistry_airgap.installation.fleet.hold import Hold
from graphistry_airgap.installation.fleet.inventory import InventoryHost
from graphistry_airgap.installation.lifecycle.plan import MakePlan
from graphistry_airgap.installation.recap import Failure, Recap
from graphistry_airgap.installation.request import Decided
from tests.kit.fakes.recaps import Hosts, complete, passed
from tests.kit.fakes.resume_world import target
from tests.kit.strict_schemas import strict

PLAN = Path("/plan.json")
IMAGE = "sha256:" + 64 * "a"
CHANGES = [
    {"stage": "docker", "subject": "packages", "kind": "package", "what": "docker.io"}
    | {"before": None, "after": "26.1"},
    {"stage": "images", "subject": "images", "kind": "image", "what": "demo/nexus:1"}
    | {"before": None, "after": IMAGE},
    {"stage": "configuration", "subject": "configuration", "kind": "setting", "what": "custom.env#A_KEY"}
    | {"before": {"secret": "0f" * 32}, "after": {"secret": "withheld"}},
    {"stage": "configuration", "subject": "configuration", "kind": "file", "what": "/etc/a"}
    | {"before": {"mode": "0644", "sha256": "b" * 64}, "after": {"mode": "0600", "sha256": "b" * 64}},
]
UNKNOWN = [{"stage": "services", "task": "Start caddy", "until": "tls"}]


def foretold(changes=CHANGES, unknown=UNKNOWN):
    recap = complete()
    recap.changes, recap.unknown = list(changes), list(unknown)
    return recap


def asked(*, in_place):
    return Recap(passed("in-place"), in_place=in_place)


def stopped(stage, **said):
    recap = Recap(passed(stage))
    recap.failures.append(Failure.from_result(stage, "Load it", {"msg": "no", **said}))
    return recap


@pytest.fixture
def plan():
    def start(recaps, targets=None, *, refused=None, output=PLAN):
        def play(playbook, *, hosts, check=False, **_):
            start.played.append((playbook, sorted(hosts), check))
            return {
                name: recaps[playbook, name] if (playbook, name) in recaps else recaps[playbook]
                for name in hosts
            }

        bring = Bring(runner=play, checks=None, hosts=Hosts(), progress=Silent(), variables=lambda _: {})
        return MakePlan(
            bring,
            Hold(Hosts()),
            lambda *_: nullcontext((Path("/log"), lambda _: None)),
            lambda path, data: start.written.append((path, json.loads(data))),
            lambda: "2026-01-01T00:00:00Z",
        ).run(Decided(targets or [target()], refused or {}), output)

    start.played, start.written = [], []
    return start


def installed(**options):
    one = target(**options)
    return replace(one, last={"complete": True, "bundle": {"sums_sha256": one.provenance.sums}})


def test_a_host_is_asked_for_the_stages_in_check_mode(plan):
    result = plan({"install.yml": foretold()})
    assert plan.played == [("install.yml", ["localhost"], True)]
    assert (result.exit_code, result.data["changes"], result.data["unknown"]) == (0, CHANGES, UNKNOWN)
    ((path, written),) = plan.written
    assert (path, written["hosts"]) == (PLAN, [result.data])
    assert [error.message for error in strict("plan-v1").iter_errors(written)] == []


def test_its_text_has_each_change_by_stage_and_no_secret(plan):
    head, *lines = plan({"install.yml": foretold()}).messages
    assert head.endswith(": 4 changes, none of them made yet.")
    assert lines == [
        "docker:",
        "  package docker.io: absent -> 26.1",
        "images:",
        "  image demo/nexus:1: absent -> aaaaaaaaaaaa",
        "configuration:",
        "  setting custom.env#A_KEY: a secret -> a secret",
        "  file /etc/a: mode 0644, sha256 bbbbbbbbbbbb -> mode 0600, sha256 bbbbbbbbbbbb",
        "Not to be known before:",
        "  services: Start caddy (until tls has run)",
        "The plan: /plan.json",
    ]


def test_where_all_is_in_place_one_question_is_asked(plan):
    result = plan({"in-place.yml": asked(in_place=True)}, [installed()])
    assert plan.played == [("in-place.yml", ["localhost"], False)]
    assert result.messages[0].endswith(": nothing to change.")
    assert plan.written[0][1]["hosts"][0]["changes"] == []


def test_where_something_differs_all_of_it_is_asked_for(plan):
    result = plan({"in-place.yml": asked(in_place=False), "install.yml": foretold()}, [installed()])
    assert plan.played == [("in-place.yml", ["localhost"], False), ("install.yml", ["localhost"], True)]
    assert result.data["changes"] == CHANGES


def test_a_template_is_asked_for_its_own_stages(plan):
    plan({"template.yml": foretold()}, [target(purpose="template")])
    assert plan.played == [("template.yml", ["localhost"], True)]


def test_a_reboot_stands_in_the_plan(plan):
    recap = stopped("driver", code="reboot-required", msg="nouveau runs")
    recap.changes = CHANGES[:1]
    result = plan({"install.yml": recap})
    assert result.exit_code == 0
    assert result.data["reboot"] == {"stage": "driver", "reason": "nouveau runs"}
    assert "A reboot at the stage driver: nouveau runs" in result.messages
    assert len(plan.written) == 1


def test_what_would_stop_an_installation_is_told_as_it_would_be_and_nothing_is_written(plan):
    finding = {"severity": "error", "code": "host-disk", "message": "too small", "hint": "a larger one"}
    result = plan({"install.yml": stopped("preflight", findings=[finding])})
    assert (result.exit_code, [error.code for error in result.errors]) == (3, ["host-disk"])
    assert (plan.written, result.messages[-1]) == ([], "No plan was written to /plan.json.")


def test_of_several_hosts_each_has_a_plan_or_none_is_written(plan):
    there = InventoryHost("b")
    both = [replace(target(), alone=False), replace(target(), host=there, alone=False)]
    result = plan({"install.yml": foretold()}, both)
    assert [host["host"] for host in plan.written[0][1]["hosts"]] == ["localhost", "b"]
    assert [host["exit_code"] for host in result.data["hosts"]] == [0, 0]
    plan.written.clear()
    stops = {"install.yml": foretold(), ("install.yml", "b"): stopped("driver", code="dkms-failed")}
    assert plan(stops, both).exit_code == 1
    gone = HostError("it is silent", code="host-unreachable", hint="plug it in")
    assert plan({"install.yml": foretold()}, both[:1], refused={"b": gone}).exit_code == 3
    assert plan.written == []


def test_without_a_file_it_is_told_alone(plan):
    result = plan({"install.yml": foretold()}, output=None)
    assert (result.exit_code, plan.written) == (0, [])
    assert not [line for line in result.messages if "/plan.json" in line]
