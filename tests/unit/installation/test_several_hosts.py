"""Several hosts in one run: each has its own end, and what stops one stops no other."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.core.errors import HostError, StageError
from graphistry_airgap.installation.bring import Bring
from graphistry_airgap.installation.fleet.hold import Hold
from graphistry_airgap.installation.fleet.inventory import InventoryHost
from graphistry_airgap.installation.install import Install
from graphistry_airgap.installation.outcome.record import Record
from graphistry_airgap.installation.recap import Failure, Recap
from graphistry_airgap.installation.request import Decided
from tests.kit.fakes.recaps import Hosts, complete, passed
from tests.kit.fakes.resume_world import World, target
from tests.kit.strict_schemas import strict

PASSED = {"passed": 1, "failed": 0, "skipped": 0, "tests": []}
HERE = InventoryHost("a")
THERE = InventoryHost("b", {"ansible_connection": "ssh"})
NO = Failure.from_result("preflight", "Judge", {"msg": "no", "findings": [], "code": "host-no"})


class Each(Hosts):
    """Some cannot be asked, or not be held."""

    def __init__(self):
        super().__init__()
        self.refusing, self.gone, self.held, self.let_go = {}, {}, [], []

    def hold(self, hosts):
        self.held += [host.name for host, *_ in hosts]
        return self.refusing

    def release(self, hosts):
        self.let_go += [host.name for host in hosts]

    def ask(self, questions):
        kinds = {host.name: question["ask"] for host, question in questions}
        answers = super().ask(questions)
        for host, question in questions:
            if question["ask"] == "read":
                answers[host.name] = {"receipt": None, "os_release": "", "stages_begun": False, "dgx": ""}
                answers[host.name]["sums_sha256"] = ""
        return answers | {name: self.gone[kind] for name, kind in kinds.items() if kind in self.gone}


@pytest.fixture
def hosts():
    return Each()


@pytest.fixture
def run(hosts):
    def start(*recaps, refused=None, checks=lambda *_, **__: nullcontext(lambda: PASSED), only=None):
        played = {"a": recaps[0], "b": recaps[1]}
        bring = Bring(
            runner=lambda _, *, hosts, **__: {name: played[name] for name in hosts},
            checks=checks,
            hosts=hosts,
            progress=Silent(),
            variables=lambda _: {},
        )
        installer = Install(
            bring,
            Hold(hosts),
            Record(hosts),
            lambda *_: nullcontext((Path("/log"), lambda _: None)),
            World().reboots(),
        )
        aims = [replace(target(), host=host, alone=False) for host in (HERE, THERE)]
        left = [aim for aim in aims if aim.host.name in (only or {"a", "b"} - (refused or {}).keys())]
        return installer.run(Decided(left, refused or {}))

    return start


def codes(result):
    return {host["host"]: host["exit_code"] for host in result.data["hosts"]}


def test_both_are_installed_and_each_has_its_receipt(run, hosts):
    result = run(complete(), complete())
    assert (result.exit_code, codes(result), len(hosts.saved)) == (0, {"a": 0, "b": 0}, 2)
    assert (hosts.held, hosts.let_go) == (["b"], ["b"])
    assert all(message.startswith(("a: ", "b: ")) for message in result.messages)


def test_one_that_preflight_refuses_stops_no_other(run, hosts):
    result = run(complete(), Recap(passed("preflight"), [], [NO]))
    assert (result.exit_code, codes(result), len(hosts.saved)) == (3, {"a": 0, "b": 3}, 1)
    assert [error.details["host"] for error in result.errors] == ["b"]
    assert result.errors[0].message.startswith("b: ")


@pytest.mark.parametrize("when", ["decided", "held", "read", "begin", "tell"])
def test_one_that_is_lost_stops_no_other(run, hosts, when):
    lost = HostError("no answer", code="host-unreachable", hint="log in there")
    if when == "held":
        hosts.refusing = {"b": lost}
    hosts.gone = {when: lost}
    result = run(complete(), complete(), refused={"b": lost} if when == "decided" else None)
    assert result.exit_code == 3
    if when not in {"begin", "tell"}:
        # the host itself is asked these two as well, and this world loses both
        assert codes(result) == {"a": 0, "b": 3}
    document = {"version": 1, "command": "install", "ok": False, "exit_code": 3, "messages": [], "errors": []}
    assert [*strict("envelope-v1").iter_errors(document | {"data": result.data})] == []


def test_tests_that_cannot_run_on_one_leave_the_other_s_receipt(run, hosts):
    def checks(_, *, host):
        if not host.local:
            raise StageError("the post-install tests did not run", code="checks-broken", hint="again")
        return nullcontext(lambda: PASSED)

    result = run(complete(), complete(), checks=checks)
    assert (result.exit_code, codes(result)) == (1, {"a": 0, "b": 1})
    assert [receipt["complete"] for receipt in hosts.saved] == [True, False]


def test_a_single_host_elsewhere_that_is_refused_answers_as_any_single_host(run, hosts):
    hosts.refusing = {"b": HostError("held", code="lock-held", hint="wait")}
    result = run(complete(), complete(), only={"b"})
    assert (result.exit_code, result.data, [error.message for error in result.errors]) == (3, {}, ["held"])
