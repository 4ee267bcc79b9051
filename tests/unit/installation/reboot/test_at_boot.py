"""What the unit does after a reboot: it waits and says so, goes on, tells the result, and goes away."""

from dataclasses import replace

import pytest

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.reboot.at_boot import ResumeAtBoot
from tests.kit.fakes.resume_world import IDENTITY, SUMS, World, pending


class Boot(World):
    """Time passes only while it sleeps; `at` holds what happens then: second → action."""

    def __init__(self, **given):
        super().__init__(**{"state": pending(mode="automatic"), "boot": "boot-2", "unit": True} | given)
        self.now = 0.0
        self.at = {}
        self.status = 0
        self.after_install = lambda: None
        self.said = []
        self.installed = []

    def sleep(self, seconds):
        self.now += seconds
        for moment in [one for one in self.at if one <= self.now]:
            self.at.pop(moment)()
        assert self.now < 10_000, "it waits for ever"

    def say(self, text):
        assert self.unit, "the unit went away before the result was told"
        self.said.append((self.now, text))

    def run_install(self, arguments):
        self.installed.append(list(arguments))
        self.after_install()
        return self.status

    def run(self):
        return ResumeAtBoot(
            states=self,
            unit=self,
            media=self,
            boot_id=lambda: self.boot,
            install=self.run_install,
            say=self.say,
            clock=lambda: self.now,
            sleep=self.sleep,
        ).run()

    def mount(self):
        self.mounted = {"/mnt/usb": SUMS}


@pytest.fixture
def boot():
    return Boot()


def test_with_the_medium_there_it_goes_on_at_once(boot):
    boot.mounted = {"/media/bundle": SUMS}
    assert boot.run().exit_code == 0
    assert boot.installed == [["install", "--resume", "--bundle", "/media/bundle"]]
    assert boot.said[-1][1].endswith("The installation is complete.")
    assert not boot.unit


def test_it_waits_and_says_every_minute_for_what_and_how_to_stop_it(boot):
    boot.at[150] = boot.mount
    assert boot.run().exit_code == 0
    waiting = [(when, text) for when, text in boot.said if "waiting" in text]
    assert [when for when, _ in waiting] == [0, 60, 120]
    assert IDENTITY in waiting[0][1]
    assert "systemctl stop graphistry-airgap-resume.service" in waiting[0][1]
    assert boot.installed[0][-1] == "/mnt/usb"


def test_an_operator_who_installs_by_hand_ends_the_waiting(boot):
    boot.at[30] = boot.forget
    assert boot.run().exit_code == 0
    assert boot.installed == []
    assert not boot.unit


def test_a_reboot_that_the_operator_s_run_asked_for_keeps_the_unit(boot):
    boot.at[30] = lambda: boot.save(pending(boot_id="boot-2"))
    boot.run()
    assert boot.installed == []
    assert boot.unit


@pytest.mark.parametrize("status", [1, 3, 4, 5, 137, -9])
def test_a_failure_is_told_and_keeps_the_state(boot, status):
    boot.mount()
    boot.status = status
    result = boot.run()
    assert result.exit_code == (status if status in {1, 3, 4, 5} else 1)
    assert any(str(status) in text and "error" in text for _, text in boot.said)
    assert any("install --resume" in text for _, text in boot.said)
    assert boot.state is not None
    assert not boot.unit


def test_one_more_reboot_keeps_the_unit_for_it(boot):
    boot.mount()
    boot.status = 10
    boot.after_install = lambda: boot.save(replace(boot.state, boot_id="boot-2", stage="toolkit"))
    assert boot.run().exit_code == 10
    assert boot.unit


def test_started_before_the_reboot_it_does_nothing(boot):
    boot.boot = "boot-1"
    boot.mount()
    assert boot.run().exit_code == 10
    assert (boot.installed, boot.unit) == ([], True)


def test_without_a_state_it_goes_away(boot):
    boot.state = None
    assert boot.run().exit_code == 0
    assert not boot.unit


def test_a_damaged_state_is_told_and_ends_it(boot):
    def damaged():
        raise InputError("the state is damaged", code="resume-unreadable", hint="install again")

    boot.load = damaged
    assert boot.run().exit_code == 2
    assert any("damaged" in text for _, text in boot.said)
    assert any("install again" in text for _, text in boot.said)
    assert not boot.unit


def test_a_boot_without_medium_leaves_everything_for_the_next(boot):
    """The machine goes down while it waits: unit and state are as they were."""

    class DownError(Exception):
        pass

    def down():
        raise DownError

    boot.at[600] = down
    with pytest.raises(DownError):
        boot.run()
    assert (boot.unit, boot.state) == (True, pending(mode="automatic"))
    boot.boot = "boot-3"
    boot.mount()
    assert boot.run().exit_code == 0
