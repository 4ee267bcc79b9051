"""A stage that needs a reboot ends the run with exit 10; what is remembered, recorded and undone then."""

from dataclasses import replace
from pathlib import Path

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.reboot.pending import RememberedBundle, Resumed
from graphistry_airgap.installation.recap import Failure, Recap
from graphistry_airgap.installation.stages import TEMPLATE_STAGES
from tests.kit.fakes.recaps import complete, passed
from tests.kit.fakes.resume_world import IDENTITY, SUMS, pending, target

WHY = "the driver 550.163.01 is installed, nouveau is loaded"


def reboot_required(stage="driver"):
    said = {"msg": WHY, "code": "reboot-required", "failed": True}
    return Failure.from_result(stage, "Take the driver into use", said)


def stopped(failure):
    return Recap(
        passed("preflight", "repository", "driver"),
        [{"stage": "driver", "task": "Install the driver"}],
        [failure],
    )


def template(run, *, key, **answers):
    return run(complete(TEMPLATE_STAGES), purpose="template", signing_key=key, **answers)


def test_a_template_with_dkms_s_private_key_says_that_clones_would_share_it(run, hosts):
    result = template(run, key=True)
    assert result.exit_code == 0
    assert [message for message in result.messages if "/var/lib/dkms/mok.key" in message]
    expected = ["secrets", "services", "administrator", "module-signing-key"]
    assert result.data["left_for_first_boot"] == hosts.saved[-1]["left_for_first_boot"] == expected
    again = template(run, key=True)
    assert (again.messages, len(hosts.saved)) == (result.messages, 1)


def test_the_receipt_follows_when_the_key_is_gone(run, hosts):
    template(run, key=True)
    result = template(run, key=False)
    assert not [message for message in result.messages if "mok.key" in message]
    assert hosts.saved[-1]["left_for_first_boot"] == ["secrets", "services", "administrator"]


def test_a_server_keeps_its_own_key_and_leaves_nothing(run, hosts):
    result = run(complete(), signing_key=True)
    assert hosts.saved[-1]["left_for_first_boot"] == result.data["left_for_first_boot"] == []
    assert not [message for message in result.messages if "mok.key" in message]


def test_exit_10_is_no_failure_of_the_stage(run, hosts):
    result = run(stopped(reboot_required()))
    assert result.exit_code == 10
    assert result.data["reboot"] == "manual"
    assert [stage["failed"] for stage in result.data["stages"]] == [False, False, False]
    assert [(error.code, error.message) for error in result.errors] == [("reboot-required", WHY)]
    assert "install --resume" in result.errors[0].hint
    assert hosts.saved[0]["complete"] is False
    assert hosts.saved[0]["reboot_required"] == {"stage": "driver", "reason": WHY}


def test_what_comes_after_it_is_remembered(run, world):
    run(stopped(reboot_required()))
    assert (world.state.stage, world.state.boot_id, world.state.reboots) == (
        "driver",
        "boot-1",
        {"driver": 1},
    )
    assert (world.state.bundle.id, world.state.bundle.sums_sha256) == (IDENTITY, SUMS)
    assert world.state.keyring == "/etc/graphistry-airgap/trusted.gpg"
    assert "restart" not in world.events
    assert not world.unit


def test_automatic_remembers_first_and_restarts_last(run, world):
    result = run(stopped(reboot_required()), reboot="automatic")
    assert (result.exit_code, result.data["reboot"]) == (10, "automatic")
    assert world.events == ["state", "unit", "restart"]
    assert any("by itself" in message for message in result.messages)


def test_automatic_becomes_manual_where_the_unit_cannot_be_made(run, world):
    world.unit_fault = "Read-only file system"
    result = run(stopped(reboot_required()), reboot="automatic")
    assert result.data["reboot"] == "manual"
    assert any("Read-only" in message for message in result.messages)
    assert "restart" not in world.events


def test_a_restart_that_cannot_be_scheduled_is_said(run, world):
    world.restart_fault = "no timers here"
    result = run(stopped(reboot_required()), reboot="automatic")
    assert result.data["reboot"] == "manual"
    assert any("no timers here" in message for message in result.messages)
    assert "restart this host" in result.errors[0].hint


def test_after_one_reboot_asking_again_is_an_error(run, world, hosts):
    run(stopped(reboot_required()))
    remembered, world.boot = world.state, "boot-2"
    result = run(stopped(reboot_required()))
    assert result.exit_code == 1
    assert result.errors[0].code == "reboot-without-effect"
    assert WHY in result.errors[0].message
    assert result.data["stages"][-1]["failed"] is True
    assert "reboot" not in result.data
    assert "reboot_required" not in hosts.saved[-1]
    assert world.state == remembered


def test_asking_again_before_the_reboot_is_the_same_answer(run, world):
    run(stopped(reboot_required()))
    assert run(stopped(reboot_required())).exit_code == 10
    assert world.state.reboots == {"driver": 1}


def test_a_damaged_state_does_not_stop_a_plain_install(run, world):
    def damaged():
        raise InputError("damaged", code="resume-unreadable", hint="start over")

    world.load = damaged
    assert run(stopped(reboot_required())).exit_code == 10
    assert world.state.reboots == {"driver": 1}


def waited(result):
    return [message for message in result.messages if "waited here for a reboot" in message]


def test_what_another_bundle_waited_for_is_told_and_gone(run, world, hosts):
    other = RememberedBundle("/media/former", "f" * 32, "6" * 64, signed=True)
    world.state, world.unit, world.boot = pending(bundle=other), True, "boot-2"
    result = run(complete())
    (said,) = waited(result)
    assert "f" * 32 in said
    assert IDENTITY in said
    assert pending().reason in said
    assert (world.state, world.unit) == (None, False)
    assert "resumed" not in hosts.saved[-1]


def test_what_the_same_bundle_waited_for_is_gone_on_with(run, world):
    world.state, world.boot = pending(), "boot-2"
    assert waited(run(complete())) == []


def test_a_complete_installation_leaves_nothing_of_it(run, world, hosts):
    world.state, world.unit, world.boot = pending(), True, "boot-2"
    resumed = Resumed({"stage": "driver", "reboots": {"driver": 1}, "site_changed": False})
    result = run(complete(), resumed)
    assert result.exit_code == 0
    assert (world.state, world.unit) == (None, False)
    assert hosts.saved[-1]["resumed"]["reboots"] == {"driver": 1}


def test_a_failure_after_the_reboot_keeps_the_state(run, world):
    world.state, world.boot = pending(), "boot-2"
    failure = Failure.from_result("docker", "Start Docker", {"msg": "no", "code": "docker-down"})
    assert run(stopped(failure)).exit_code == 1
    assert world.state == pending()


def test_an_installation_from_another_bundle_takes_its_place(run, world):
    world.state, world.unit = pending(), True
    failure = Failure.from_result("docker", "Start Docker", {"msg": "no", "code": "docker-down"})
    run(stopped(failure), sums="6" * 64)
    assert (world.state, world.unit) == (None, False)


def test_a_preflight_that_stops_another_bundle_changes_nothing(run, world):
    world.state = pending()
    failure = Failure.from_result("preflight", "Judge", {"msg": "no", "findings": []})
    run(Recap(passed("preflight"), [], [failure]), sums="6" * 64)
    assert world.state == pending()


def test_a_changed_site_file_is_told_with_every_result(run):
    resumed = Resumed(
        {"stage": "driver", "reboots": {"driver": 1}, "site_changed": True},
        ["warning: the site file differs"],
    )
    assert run(complete(), resumed).messages[0] == "warning: the site file differs"
    failure = Failure.from_result("docker", "Start Docker", {"msg": "no"})
    assert run(stopped(failure), resumed).messages == ["warning: the site file differs"]


def test_what_the_reboot_takes_away_is_said_before_it(run):
    aim = replace(target(), site_path=Path("/tmp/site.yml"))
    messages = run(stopped(reboot_required()), aim=aim).messages
    assert [text for text in messages if "/tmp/site.yml" in text]
    assert not [text for text in run(stopped(reboot_required())).messages if "warning" in text]


def test_the_changes_of_an_interrupted_run_and_of_the_one_after_it_stand_in_the_receipt_as_one(run, hosts):
    def change(before, after, what="curl"):
        row = {"subject": "packages", "kind": "package", "what": what, "before": before, "after": after}
        return {"stage": "driver", **row}

    failure = Failure.from_result("docker", "Start Docker", {"msg": "no"})
    run(replace(stopped(failure), changes=[change(None, "1"), change(None, "3", "jq")]))
    assert hosts.saved[-1]["changes"] == [change(None, "1"), change(None, "3", "jq")]
    run(replace(complete(), changes=[change("1", "2")]))
    assert hosts.saved[-1]["changes"] == [change(None, "3", "jq"), change(None, "2")]
