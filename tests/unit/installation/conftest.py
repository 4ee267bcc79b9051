"""An installation whose plays are recaps: what it makes of them."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.installation.bring import Bring
from graphistry_airgap.installation.fleet.hold import Hold
from graphistry_airgap.installation.install import Install
from graphistry_airgap.installation.outcome.record import Record
from graphistry_airgap.installation.request import Decided
from tests.kit.fakes.recaps import Hosts
from tests.kit.fakes.resume_world import World, target
from tests.kit.strict_schemas import strict

PASSED = {"passed": 1, "failed": 0, "skipped": 0, "tests": []}


class Notes(Silent):
    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)


class Checked(Hosts):
    """Its receipts are all that the format has."""

    def ask(self, questions):
        for _, question in questions:
            if question["ask"] == "write":
                assert [
                    error.message for error in strict("receipt-v1").iter_errors(question["receipt"])
                ] == []
        return super().ask(questions)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def hosts():
    return Checked()


@pytest.fixture
def run(world, hosts):
    kept = hosts

    @contextmanager
    def log(folder, command):
        yield Path("/log"), lambda _: None

    def runner(recap):
        """One recap for whatever is played, one for each playbook, or a runner of the test's own."""

        def play(playbook, *, hosts, **given):
            start.played.append((playbook, hosts))
            start.begun_while.append(kept.begun)
            if callable(recap):
                return recap(playbook, hosts=hosts, **given)
            return dict.fromkeys(hosts, recap[playbook] if isinstance(recap, dict) else recap)

        return play

    @contextmanager
    def tests(facts, *, host):
        """Post-install tests, of which the first that are waited for may say something of their own."""
        start.tests.append([facts["unchanged"], "begun"])
        ran = start.tests[-1]

        def result():
            ran[1] = "waited for"
            return start.checks.pop(0) if start.checks else PASSED

        yield result
        ran[1] += ", over"

    def start(recap, resumed=None, aim=None, *, planned=None, signing_key=False, **options):
        hosts.known["signing_key"] = signing_key
        bring = Bring(
            runner=runner(recap),
            checks=tests,
            hosts=hosts,
            progress=start.progress,
            variables=lambda _: {},
        )
        last = hosts.saved[-1] if hosts.saved else None
        one = replace(aim or target(**options), last=last, begun=hosts.begun)
        return Install(bring, Hold(hosts), Record(hosts), log, world.reboots()).run(
            Decided([one]), resumed, planned
        )

    start.played, start.progress = [], Notes()
    start.begun_while, start.checks, start.tests = [], [], []
    return start
