"""A host that the same bundle installed is asked first whether anything is left to do."""

import pytest

from graphistry_airgap.installation.recap import Failure, Recap
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES, TEMPLATE_STAGES
from tests.kit.fakes.recaps import complete, passed
from tests.kit.fakes.resume_world import target

CHANGE = {"subject": "docker", "kind": "setting", "what": "/etc/docker/daemon.json#log-opts"}
DIFFERS = {"stage": "docker", "task": "Merge settings", "changes": [], "unknown_until": "", "refused": ""}
DIFFERS |= {"not_well": {}}


def asked(*, in_place, differs=None):
    return Recap(passed("in-place"), [], [], in_place=in_place, differs=differs)


def failing(stage):
    recap = Recap(passed("in-place"), [], [])
    recap.failures.append(Failure.from_result(stage, "Ask", {"msg": "no", "code": "docker-down"}))
    return recap


def playbooks(run):
    return [playbook for playbook, _ in run.played]


@pytest.fixture
def installed(run):
    """A first run brought the host to its end; what it played is forgotten."""
    assert run(complete()).exit_code == 0
    assert playbooks(run) == ["install.yml"]
    run.played.clear()
    return run


def test_nothing_is_played_where_all_is_in_place(installed, hosts):
    result = installed({"in-place.yml": asked(in_place=True)})
    assert (result.exit_code, playbooks(installed)) == (0, ["in-place.yml"])
    assert [stage["stage"] for stage in result.data["stages"]] == ["in-place", "verify"]
    assert (result.data["changed"], len(hosts.saved)) == (0, 1)
    (variables,) = installed.played[0][1].values()
    assert variables["in_place_stages"] == list(PLAYBOOK_STAGES)


@pytest.mark.parametrize(
    ("differs", "told"),
    [
        ({"changes": [CHANGE, CHANGE]}, "/etc/docker/daemon.json#log-opts"),
        ({"unknown_until": "release"}, "unknown until release"),
        ({"not_well": {"nexus": "running, health: starting"}}, "service nexus: running, health: starting"),
        ({"changes": [{"what": "nexus"}], "not_well": {"nexus": "exited with 0"}}, "nexus"),
        ({"refused": "no Docker\nat all"}, "no Docker"),
    ],
)
def test_what_differs_is_told_and_all_stages_are_played(installed, differs, told):
    said = asked(in_place=False, differs=DIFFERS | differs)
    result = installed({"in-place.yml": said, "install.yml": complete()})
    assert (result.exit_code, playbooks(installed)) == (0, ["in-place.yml", "install.yml"])
    assert installed.progress.told == [f"not in place: {told} (docker: Merge settings)"]
    stages = [stage["stage"] for stage in result.data["stages"]]
    assert stages == [*(stage.value for stage in PLAYBOOK_STAGES), "verify"]


def test_tests_run_beside_the_question_and_are_given_up_where_it_differs(installed):
    installed.tests.clear()
    installed({"in-place.yml": asked(in_place=True)})
    assert installed.tests == [[True, "waited for, over"]]
    installed.tests.clear()
    told = {"in-place.yml": asked(in_place=False, differs=DIFFERS | {"refused": "x"})}
    told["install.yml"] = complete()
    told["install.yml"].changed_tasks.append({"stage": "docker", "task": "Merge settings"})
    installed(told)
    assert installed.tests == [[True, "begun, over"], [False, "waited for, over"]]


def test_what_preflight_refuses_ends_the_run(installed, hosts):
    """It is asked with the others, and says all that it found as the stage that it is."""
    asked_first = asked(in_place=False, differs=DIFFERS | {"stage": "preflight", "refused": "no Docker"})
    result = installed({"in-place.yml": asked_first, "install.yml": failing("preflight")})
    assert (result.exit_code, playbooks(installed)) == (1, ["in-place.yml", "install.yml"])
    assert installed.progress.told == ["not in place: no Docker (preflight: Merge settings)"]
    assert (len(hosts.saved), hosts.begun) == (1, False)


def test_a_question_that_cannot_be_asked_is_no_error(installed):
    result = installed({"in-place.yml": failing("in-place"), "install.yml": complete()})
    assert (result.exit_code, playbooks(installed)) == (0, ["in-place.yml", "install.yml"])


def test_a_play_that_cannot_begin_is_told_by_the_stages(installed):
    result = installed({"in-place.yml": failing(""), "install.yml": complete()})
    assert (result.exit_code, playbooks(installed)) == (0, ["in-place.yml", "install.yml"])


def test_what_only_a_test_sees_is_left_to_the_stages(installed):
    failed = {"test": "test_services", "outcome": "failed", "message": "exited\nat once"}
    installed.checks += [{"passed": 0, "failed": 1, "skipped": 0, "tests": [failed]}]
    result = installed({"in-place.yml": asked(in_place=True), "install.yml": complete()})
    assert (result.exit_code, playbooks(installed)) == (0, ["in-place.yml", "install.yml"])
    assert [stage["stage"] for stage in result.data["stages"]][-1] == "verify"
    (told,) = installed.progress.told
    assert told.startswith("not in place: ")
    assert "\n" not in told


def test_what_the_stages_do_not_mend_either_is_an_error(installed):
    failed = {"test": "test_services", "outcome": "failed", "message": "exited"}
    installed.checks += 2 * [{"passed": 0, "failed": 1, "skipped": 0, "tests": [failed]}]
    result = installed({"in-place.yml": asked(in_place=True), "install.yml": complete()})
    assert result.exit_code == 1
    assert playbooks(installed) == ["in-place.yml", "install.yml"]


def test_what_a_killed_run_began_is_ended_by_the_stages_and_stands_in_the_receipt(installed, hosts):
    """Its own receipt is the one before: only the file tells of it."""
    assert installed.begun_while == [True]
    assert not hosts.begun
    killed = {**CHANGE, "stage": "docker", "before": None, "after": "json-file"}
    hosts.begun = True
    hosts.add(None, [killed])
    installed(complete())
    assert (playbooks(installed), hosts.begun) == (["install.yml"], False)
    assert hosts.saved[-1]["changes"] == [killed]


def test_it_waits_for_a_run_that_gets_past_preflight(installed, hosts):
    killed = {**CHANGE, "stage": "docker", "before": None, "after": "json-file"}
    hosts.begun = True
    hosts.add(None, [killed])
    refused = Recap(passed("preflight"), [], failing("preflight").failures)
    assert installed(refused).exit_code == 1
    assert (hosts.left, len(hosts.saved)) == ([killed], 1)
    installed(complete())
    assert hosts.saved[-1]["changes"] == [killed]


def test_the_changes_of_a_task_are_kept_as_they_come(run, hosts):
    kept = hosts
    made = {**CHANGE, "stage": "docker", "before": None, "after": "json-file"}

    def play(_, *, hosts, log, **__):
        log({"event": "task", "host": "localhost", "changes": [made]})
        assert kept.left == [made]
        return dict.fromkeys(hosts, complete())

    run(play)
    assert kept.left == []


def test_another_bundle_is_installed_without_a_question(installed):
    installed(complete(), aim=target(sums="6" * 64))
    assert playbooks(installed) == ["install.yml"]


def test_a_run_that_did_not_get_to_its_end_is_repeated_whole(run):
    run(Recap(passed("preflight", "docker"), [{"stage": "docker", "task": "x"}], failing("docker").failures))
    run.played.clear()
    run(complete())
    assert playbooks(run) == ["install.yml"]


def test_a_template_is_asked_about_its_own_stages(run):
    run(complete(TEMPLATE_STAGES), purpose="template")
    run({"in-place.yml": asked(in_place=True)}, purpose="template")
    assert playbooks(run) == ["template.yml", "in-place.yml"]
    (variables,) = run.played[1][1].values()
    assert variables["in_place_stages"] == list(TEMPLATE_STAGES)
