"""A run by a plan: it does what the plan says, or nothing and says what differs."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from graphistry_airgap.core.errors import DriftError, FindingsError, HostError, InputError
from graphistry_airgap.installation.adapters.plan_file import read_plan
from graphistry_airgap.installation.fleet.inventory import InventoryHost
from graphistry_airgap.installation.lifecycle import plan_document
from graphistry_airgap.installation.lifecycle.planned import Planned
from graphistry_airgap.installation.recap import Failure
from graphistry_airgap.installation.request import Decided
from tests.kit.fakes.recaps import complete
from tests.kit.fakes.resume_world import target

PACKAGE = {"stage": "docker", "subject": "packages", "kind": "package", "what": "docker.io"}
PACKAGE |= {"before": None, "after": "26.1"}
SECRET = {"stage": "configuration", "subject": "configuration", "kind": "setting", "what": "custom.env#A_KEY"}
SECRET |= {"before": None, "after": {"secret": "0f" * 32}}
WAITS = {"stage": "services", "task": "Start caddy", "until": "tls"}


def foretold(*changes, unknown=(), reboot=""):
    recap = complete()
    recap.changes, recap.unknown = list(changes), list(unknown)
    if reboot:
        recap.failures.append(Failure("driver", "Load it", reboot, {"code": "reboot-required"}))
    return recap


class Asked:
    """Stands in for `Bring`: each host says one recap."""

    def __init__(self, recap):
        self.recap, self.times = recap, 0

    def ask(self, targets, log):
        return {}

    def foretell(self, targets, log):
        self.times += 1
        return {one.host.name: self.recap for one in targets}


def document(recap, *targets):
    hosts = [plan_document.of_host(one, recap) for one in targets or [target()]]
    return json.loads(json.dumps(plan_document.of_all(hosts, created="2026-01-01T00:00:00Z")))


def require(plan, now, *targets, refused=None):
    asked = Asked(now)
    held = Decided(list(targets) or [target()], refused or {})
    Planned(Path("/plan.json"), plan).require(asked, held, None)
    return asked


def differs(*arguments, **options):
    with pytest.raises(DriftError) as raised:
        require(*arguments, **options)
    assert (raised.value.code, int(raised.value.exit_code)) == ("plan-differs", 6)
    assert all(line in raised.value.message for line in raised.value.details["differs"])
    return raised.value.details["differs"]


def test_the_same_changes_fit_also_those_of_secrets_whose_digests_have_another_key():
    later = {**SECRET, "after": {"secret": "a0" * 32}}
    now = foretold(later, PACKAGE, unknown=[WAITS], reboot="nouveau runs")
    plan = document(foretold(PACKAGE, SECRET, unknown=[WAITS], reboot="nouveau has GPU 1"))
    assert require(plan, now).times == 1


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ([PACKAGE], [], "planned, and there is nothing to do any more: package docker.io: absent -> 26.1"),
        ([], [PACKAGE], "to do now, and not planned: package docker.io: absent -> 26.1"),
        (
            [PACKAGE],
            [{**PACKAGE, "before": "20.10"}],
            "planned: package docker.io: absent -> 26.1; now: package docker.io: 20.10 -> 26.1",
        ),
        (
            [SECRET],
            [{**SECRET, "before": {"secret": "aa" * 32}}],
            "planned: setting custom.env#A_KEY: absent -> a secret; "
            "now: setting custom.env#A_KEY: a secret -> a secret",
        ),
    ],
)
def test_a_change_more_or_less_or_of_another_value_is_told(then, now, told):
    assert differs(document(foretold(*then)), foretold(*now)) == [f"localhost: {told}"]


def test_what_was_unknown_then_and_a_reboot_count():
    assert differs(document(foretold(unknown=[WAITS])), foretold()) == [
        "localhost: not known before an earlier stage has run, then or now: Start caddy"
    ]
    assert differs(document(foretold()), foretold(reboot="nouveau runs")) == [
        "localhost: a reboot is due, and none was planned"
    ]
    assert differs(document(foretold(reboot="nouveau runs")), foretold()) == [
        "localhost: a reboot was planned, and none is due"
    ]


@pytest.mark.parametrize("key", ["platform", "purpose", "release", "bundle", "site", "overrides"])
def test_another_basis_is_told_before_a_host_is_asked(key):
    plan = document(foretold())
    plan["hosts"][0][key] = {"id": "another"}
    with pytest.raises(DriftError, match=f"localhost: {key} was id another, and is "):
        Planned(Path("/plan.json"), plan).require(None, Decided([target()]), None)


def test_a_plan_of_another_tool_or_of_other_hosts_is_told():
    plan = document(foretold())
    plan["tool"] = "9.9"
    assert "version 9.9" in differs(plan, foretold())[0]
    there = replace(target(), host=InventoryHost("b"))
    assert differs(document(foretold(), target(), there), foretold()) == [
        "it is for b, localhost; this run is for localhost"
    ]


def test_a_long_list_is_cut_for_people_alone():
    many = [{**PACKAGE, "what": f"p{number:02}"} for number in range(30)]
    with pytest.raises(DriftError) as raised:
        require(document(foretold()), foretold(*many))
    assert raised.value.message.splitlines()[-1] == "and 10 more"
    assert len(raised.value.details["differs"]) == 30


def test_where_a_host_refuses_nothing_is_done_on_the_others():
    gone = HostError("it is silent", code="host-unreachable", hint="plug it in")
    there = replace(target(), host=InventoryHost("b"))
    with pytest.raises(HostError, match="silent"):
        require(document(foretold(), target(), there), foretold(), refused={"b": gone})
    stops = foretold()
    finding = {"severity": "error", "code": "host-disk", "message": "too small", "hint": "a larger one"}
    stops.failures.append(Failure("preflight", "Judge", "no", {"findings": [finding]}))
    with pytest.raises(HostError, match="too small"):
        require(document(foretold()), stops)
    with pytest.raises(FindingsError) as raised:
        require(document(foretold(), target(), there), stops, target(), there)
    assert [error.message for error in raised.value.errors] == ["localhost: too small", "b: too small"]
    assert int(raised.value.worst) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[:-9], "cannot be used"),
        (lambda text: text.replace('"26.1"', '"26.1", "after": "26.2"'), "is given twice"),
        (lambda text: text.replace('"overrides"', '"overruled"'), "overruled is not a known key"),
        (lambda text: text.replace('"schema": 1', '"schema": 2'), "schema is 2"),
        (lambda text: "", "cannot be used"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path, change, told):
    path = tmp_path / "plan.json"
    whole = json.dumps(document(foretold(PACKAGE)))
    path.write_text(whole)
    assert read_plan(path).document["hosts"][0]["changes"] == [PACKAGE]
    path.write_text(change(whole))
    with pytest.raises(InputError, match=told) as raised:
        read_plan(path)
    assert (raised.value.code, int(raised.value.exit_code)) == ("plan-unreadable", 2)


def test_a_plan_that_is_not_there_is_refused_and_none_is_none(tmp_path):
    assert read_plan(None) is None
    with pytest.raises(InputError, match="No such file"):
        read_plan(tmp_path / "plan.json")


def test_an_installation_that_its_plan_does_not_fit_plays_no_stage(run):
    planned = Planned(Path("/plan.json"), document(foretold(PACKAGE)))
    with pytest.raises(DriftError):
        run(complete(), planned=deepcopy(planned))
    assert [playbook for playbook, _ in run.played] == ["install.yml"]
    assert run.begun_while == [False]


def test_an_installation_by_its_plan_is_one(run, hosts):
    recap = foretold(PACKAGE)
    result = run(recap, planned=Planned(Path("/plan.json"), document(recap)))
    assert result.exit_code == 0
    assert len(hosts.saved) == 1
