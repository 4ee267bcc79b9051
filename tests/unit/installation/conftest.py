"""An installation whose plays are recaps: what it makes of them."""

from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.installation.bring import Bring
from graphistry_airgap.installation.install import Install
from tests.kit.fakes.recaps import Begun
from tests.kit.fakes.resume_world import World, target
from tests.kit.strict_schemas import strict

PASSED = {"passed": 1, "failed": 0, "skipped": 0, "tests": []}


class Notes(Silent):
    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)


class Receipts:
    def __init__(self):
        self.saved = []

    def load(self):
        return self.saved[-1] if self.saved else None

    def save(self, receipt, *, stamp):
        assert [error.message for error in strict("receipt-v1").iter_errors(receipt)] == []
        self.saved.append(receipt)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def receipts():
    return Receipts()


@pytest.fixture
def run(world, receipts):
    @contextmanager
    def log(folder, command):
        yield Path("/log"), lambda _: None

    def runner(recap):
        """One recap for whatever is played, one for each playbook, or a runner of the test's own."""

        def play(playbook, *, hosts, **given):
            start.played.append((playbook, hosts))
            start.begun_while.append(start.begun.begun)
            if callable(recap):
                return recap(playbook, hosts=hosts, **given)
            return dict.fromkeys(hosts, recap[playbook] if isinstance(recap, dict) else recap)

        return play

    def start(recap, resumed=None, aim=None, *, signing_key=False, **options):
        bring = Bring(
            runner=runner(recap),
            checks=lambda *_, **__: start.checks.pop(0) if start.checks else PASSED,
            receipts=receipts,
            stages_begun=start.begun,
            progress=start.progress,
            variables=lambda _: {},
        )
        installer = Install(
            bring=bring,
            receipts=receipts,
            event_log=log,
            packages_before=lambda: nullcontext({}),
            installed_packages=dict,
            local_images=lambda _: [],
            has_signing_key=lambda: signing_key,
            reboots=world.reboots(),
        )
        return installer.run(aim or target(**options), resumed)

    start.played, start.progress = [], Notes()
    start.begun, start.begun_while, start.checks = Begun(), [], []
    return start
