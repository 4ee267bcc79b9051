"""Services of a release, driven through a stand-in for its wrapper that keeps containers in a file."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.kit.fakes import fake_compose

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]

FAKE = Path(fake_compose.__file__)
READERS = {"FORGE_NUM_WORKERS": ["forge"], "RMM_ALLOCATOR": ["forge", "gpu"], "PORT": ["viz", "postgres"]}


@pytest.fixture
def stack(programs, call_module, tmp_path):
    release = tmp_path / "release"
    release.mkdir()
    wrapper = release / "graphistry"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} wrapper "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    programs("docker", f'exec {sys.executable} {FAKE} docker "$@"')
    return Stack(tmp_path, call_module)


class Stack:
    def __init__(self, root, call_module):
        self.root = root
        self._call = call_module
        self.set("services", ["caddy", "nexus", "postgres"])
        (root / "calls").touch()

    def __call__(self, **arguments):
        known = {"directory": str(self.root / "release"), "timeout": 60, "poll": 0.05}
        return self._call("stack", **known | arguments)

    def set(self, name, value):
        (self.root / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")

    def serve(self, names="forge gpu viz postgres", **environment):
        """Every service gets the same environment, as with one env file for all."""
        self.set("services", {name: {"environment": environment} for name in names.split()})

    def ages(self):
        return {name: int(one["ID"].rpartition("-")[2]) for name, one in self.containers().items()}

    def containers(self):
        return json.loads((self.root / "containers.json").read_text(encoding="utf-8"))

    def calls(self, word):
        lines = (self.root / "calls").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.split()[0] == word]


def test_everything_but_caddy_then_caddy(stack):
    first = stack(exclude=["caddy"])
    assert first["changed"] is True
    assert first["services"] == ["nexus", "postgres"]
    assert "caddy" not in stack.containers()
    assert stack(services=["caddy"])["changed"] is True
    assert set(stack.containers()) == {"caddy", "nexus", "postgres"}


def test_pulling_is_forbidden(stack):
    stack()
    assert all("--pull never" in call for call in stack.calls("up"))


def test_a_second_run_changes_nothing(stack):
    stack()
    before = stack.containers()
    assert stack()["changed"] is False
    assert stack.containers() == before


def test_a_stopped_container_that_is_started_is_a_change(stack):
    stack()
    containers = stack.containers()
    containers["nexus"]["State"] = "exited"
    stack.set("containers", containers)
    assert stack()["changed"] is True


def test_it_waits_until_each_service_is_healthy(stack):
    stack.set("ready", {"nexus": 6})
    stack()
    assert stack.containers()["nexus"]["Health"] == "healthy"


def test_a_service_that_never_gets_healthy_is_told_with_its_log(stack):
    stack.set("ready", {"nexus": 10_000})
    result = stack(timeout=1)
    assert result["failed"] is True
    assert result["code"] == "service-unhealthy"
    assert result["service"] == "nexus"
    assert "running, health: starting" in result["msg"]
    assert "disk on fire" in result["log"]
    assert "refused" in result["msg"]
    assert "logs nexus" in result["hint"]


def test_a_dependency_that_is_slow_is_asked_for_again(stack):
    (stack.root / "refusals").write_text("2")
    assert stack()["changed"] is True
    assert len(stack.calls("up")) == 3


def test_a_dependency_that_stays_unhealthy_ends_the_run(stack):
    (stack.root / "refusals").write_text("10000")
    result = stack(timeout=1)
    assert result["code"] == "service-unhealthy"
    assert "is unhealthy" in result["msg"]


def test_a_missing_image_is_named_before_anything_starts(stack):
    (stack.root / "absent").write_text("demo/nexus:1")
    result = stack()
    assert result["code"] == "image-missing"
    assert "demo/nexus:1" in result["msg"]
    assert "demo/postgres" not in result["msg"]
    assert stack.calls("up") == []


def test_an_unknown_service_is_refused(stack):
    result = stack(exclude=["caddyy"])
    assert "caddyy" in result["msg"]
    assert stack.calls("up") == []


def test_a_container_older_than_its_file_is_made_anew(stack):
    stack()
    caddyfile = stack.root / "release" / "Caddyfile"
    caddyfile.touch()
    result = stack(services=["caddy"], reread={"caddy": ["Caddyfile"]})
    assert result["changed"] is True
    assert stack.containers()["caddy"]["ID"] == "caddy-2"
    assert any("--force-recreate --no-deps caddy" in call for call in stack.calls("up"))


def test_a_container_newer_than_its_file_stays(stack):
    stack()
    caddyfile = stack.root / "release" / "Caddyfile"
    caddyfile.touch()
    os.utime(caddyfile, (0, 0))
    assert stack(services=["caddy"], reread={"caddy": ["Caddyfile"]})["changed"] is False


def test_check_mode_starts_nothing(stack):
    assert stack(check=True)["changed"] is True
    assert stack.calls("up") == []


def test_check_mode_before_there_is_a_release(stack):
    (stack.root / "release" / "graphistry").unlink()
    result = stack(check=True)
    assert result["changed"] is True
    assert "unknown" in result["msg"]
    assert result["unknown_until"] == "release"


def test_only_the_readers_of_a_changed_variable_are_made_anew(stack):
    stack.serve(FORGE_NUM_WORKERS="4", RMM_ALLOCATOR="managed")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="2", RMM_ALLOCATOR="managed")
    result = stack(readers=READERS)
    assert result["changed"] is True
    assert result["anew"] == {"forge": ["FORGE_NUM_WORKERS"]}
    assert stack.ages() == {"forge": 2, "gpu": 1, "viz": 1, "postgres": 1}
    assert stack.containers()["forge"]["Env"]["FORGE_NUM_WORKERS"] == "2"
    stack.serve(FORGE_NUM_WORKERS="2", RMM_ALLOCATOR="default")
    assert sorted(stack(readers=READERS)["anew"]) == ["forge", "gpu"]
    assert stack.ages() == {"forge": 3, "gpu": 2, "viz": 1, "postgres": 1}


def test_services_that_carry_an_old_value_are_no_change(stack):
    stack.serve(FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="2")
    stack(readers=READERS)
    before = stack.ages()
    again = stack(readers=READERS)
    assert again["changed"] is False
    assert set(again["kept"]) == {"gpu", "viz", "postgres"}
    assert stack.ages() == before


def test_an_unlisted_variable_counts_for_all_that_have_it(stack):
    stack.serve(MINE="1")
    stack(readers=READERS)
    stack.serve(MINE="2")
    stack(readers=READERS)
    assert set(stack.ages().values()) == {2}


def test_a_service_that_no_list_knows_reads_everything(stack):
    stack.serve("forge gpu viz postgres newer", FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    stack.serve("forge gpu viz postgres newer", FORGE_NUM_WORKERS="2")
    assert sorted(stack(readers=READERS)["anew"]) == ["forge", "newer"]


def test_a_variable_that_is_gone_is_a_change_for_its_readers(stack):
    stack.serve(FORGE_NUM_WORKERS="4", RMM_ALLOCATOR="default")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="4")
    assert sorted(stack(readers=READERS)["anew"]) == ["forge", "gpu"]


def test_a_dollar_in_a_value_is_no_change(stack):
    stack.serve(MINE="a$b$$c")
    stack(readers=READERS)
    again = stack(readers=READERS)
    assert again["changed"] is False
    assert again["kept"] == {}


def test_what_holds_data_is_not_made_anew_for_a_variable(stack):
    stack.serve(MINE="1")
    stack(readers=READERS, protected=["postgres"])
    stack.serve(MINE="2")
    result = stack(readers=READERS, protected=["postgres"])
    assert set(result["anew"]) == {"forge", "gpu", "viz"}
    assert stack.ages()["postgres"] == 1
    (finding,) = result["findings"]
    assert (finding["severity"], finding["code"]) == ("info", "service-settings-left")
    assert "postgres goes on with its old MINE" in finding["message"]


def test_a_database_that_was_made_with_another_value_stops_the_run_before_any_change(stack):
    stack.serve(PORT="1")
    stack(readers=READERS, protected=["postgres"])
    before = stack.containers()
    stack.serve(PORT="2")
    result = stack(readers=READERS, protected=["postgres"])
    assert (result["failed"], result["code"]) == (True, "host-database-settings")
    assert "PORT" in result["msg"]
    assert result["hint"]
    assert stack.containers() == before


def test_a_kept_service_is_made_anew_when_more_than_its_environment_differs(stack):
    stack.serve(FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="2")
    changed = json.loads((stack.root / "services.json").read_text())
    changed["gpu"]["other"] = "another port"
    stack.set("services", changed)
    assert sorted(stack(readers=READERS)["anew"]) == ["forge", "gpu"]
    assert stack.ages() == {"forge": 2, "gpu": 2, "viz": 1, "postgres": 1}
    assert stack(readers=READERS)["changed"] is False


def test_a_service_with_another_image_behind_its_name_is_made_anew(stack):
    stack.serve(FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="2")
    containers = stack.containers()
    containers["viz"]["ImageId"] = "sha256:before"
    stack.set("containers", containers)
    assert sorted(stack(readers=READERS)["anew"]) == ["forge", "viz"]


def test_another_change_is_seen_beside_kept_services(stack):
    stack.serve("forge gpu", FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    stack.serve("forge gpu caddy", FORGE_NUM_WORKERS="2")
    services = json.loads((stack.root / "services.json").read_text())
    services["caddy"] = {"environment": {}, "other": "80"}
    stack.set("services", services)
    stack(readers=READERS)
    services["caddy"]["other"] = "8080"
    stack.set("services", services)
    assert stack(readers=READERS)["changed"] is True
    assert stack.ages() == {"forge": 2, "gpu": 1, "caddy": 2}


def test_a_container_that_was_made_without_its_dependencies_is_not_made_anew_again(stack):
    services = {name: {"environment": {"FORGE_NUM_WORKERS": "4"}} for name in ("forge", "gpu", "viz")}
    services["forge"]["needs"] = ["gpu", "viz"]
    services["viz"]["needs"] = ["gpu"]
    stack.set("services", services)
    stack(readers=READERS)
    for service in services.values():
        service["environment"] = {"FORGE_NUM_WORKERS": "2"}
    stack.set("services", services)
    stack(readers=READERS)
    assert stack.ages() == {"forge": 2, "gpu": 1, "viz": 1}
    assert stack(readers=READERS)["changed"] is False
    services["forge"]["other"] = "another port"
    stack.set("services", services)
    assert stack(readers=READERS)["changed"] is True
    assert stack.ages()["forge"] == 3
    assert stack(readers=READERS)["changed"] is False


def test_check_mode_says_what_would_be_made_anew(stack):
    stack.serve(FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="2")
    result = stack(check=True, readers=READERS)
    assert result["changed"] is True
    assert list(result["anew"]) == ["forge"]
    assert stack.ages()["forge"] == 1


def test_no_value_is_told(stack):
    stack.serve(MINE="a secret of mine")
    stack(readers=READERS)
    stack.serve(MINE="another secret")
    told = json.dumps(stack(readers=READERS))
    assert "a secret of mine" not in told
    assert "another secret" not in told


def containers_told(result):
    return {one["what"]: (one["before"], one["after"]) for one in result["changes"]}


@pytest.mark.parametrize("code", [0, 1])
def test_check_mode_foretells_what_is_made_and_started(stack, as_foretold, code):
    """`docker stop` lets most services end with 0."""
    stack(services=["nexus", "postgres"])
    containers = stack.containers()
    containers["nexus"]["State"] = "exited"
    containers["nexus"]["ExitCode"] = code
    stack.set("containers", containers)
    assert containers_told(as_foretold(stack)) == {
        "caddy": (None, {"running": True}),
        "nexus": ({"running": False}, {"running": True}),
    }


def test_a_service_on_its_way_is_told_and_is_no_change(stack, call_module):
    stack()
    containers = stack.containers()
    containers["nexus"]["Health"] = "starting"
    stack.set("containers", containers)
    said = stack(check=True)
    assert (said["changes"], said["not_well"]) == ([], {"nexus": "running, health: starting"})
    arguments = {"directory": str(stack.root / "release")}
    task = {"stage": "services", "name": "Start", "module": "stack", "arguments": arguments}
    said = call_module("in_place", tasks=[task])
    assert (said["in_place"], said["differs"]["not_well"]) == (False, {"nexus": "running, health: starting"})


def test_tasks_that_are_asked_together_ask_each_program_once(stack, call_module):
    stack()
    before = len(stack.calls("ps"))
    arguments = {"directory": str(stack.root / "release")}
    task = {"stage": "services", "name": "Start", "module": "stack", "arguments": arguments}
    assert call_module("in_place", tasks=[task, task])["in_place"] is True
    assert len(stack.calls("ps")) == before + 1


def test_a_one_shot_container_that_ended_well_is_as_it_should_be(stack):
    stack()
    containers = stack.containers()
    containers["nexus"] |= {"State": "exited", "ExitCode": 0, "Restart": "no"}
    stack.set("containers", containers)
    said = stack(check=True)
    assert (said["changes"], said["not_well"]) == ([], {"nexus": "exited with 0"})


def test_a_container_made_beside_the_service_s_own_does_not_stand_in_for_it(stack):
    stack()
    containers = stack.containers()
    containers["nexus"]["OneOff"] = "True"
    stack.set("containers", containers)
    assert stack(check=True)["changes"] != []


def test_an_image_that_is_gone_below_a_running_service_is_told(stack):
    stack()
    stack.set("gone", ["demo/nexus:1"])
    said = stack(check=True)
    assert (said["changes"], said["not_well"]) == ([], {"nexus": "its image demo/nexus:1 is gone"})


def test_check_mode_foretells_the_variables_for_which_a_service_is_made_anew(stack, as_foretold):
    stack.serve(FORGE_NUM_WORKERS="4", RMM_ALLOCATOR="managed")
    stack(readers=READERS)
    stack.serve(FORGE_NUM_WORKERS="2")
    result = as_foretold(stack, readers=READERS, mask_key="k")
    told = containers_told(result)
    assert sorted(told) == ["forge", "gpu"]
    before, after = told["forge"]
    assert sorted(before["variables"]) == ["FORGE_NUM_WORKERS", "RMM_ALLOCATOR"]
    assert before["variables"]["FORGE_NUM_WORKERS"] != after["variables"]["FORGE_NUM_WORKERS"]
    assert after["variables"]["RMM_ALLOCATOR"] is None
    assert "managed" not in json.dumps(result)


def test_check_mode_foretells_a_service_that_is_defined_otherwise(stack, as_foretold):
    stack.serve("forge gpu", FORGE_NUM_WORKERS="4")
    stack(readers=READERS)
    services = json.loads((stack.root / "services.json").read_text())
    services["gpu"]["other"] = "another port"
    stack.set("services", services)
    ((name, (before, after)),) = containers_told(as_foretold(stack, readers=READERS)).items()
    assert (name, before["image"]) == ("gpu", after["image"])
    assert before["hash"] != after["hash"]


def test_check_mode_foretells_a_service_that_reads_its_file_anew(stack):
    stack()
    (stack.root / "release" / "Caddyfile").touch()
    arguments = {"services": ["caddy"], "reread": {"caddy": ["Caddyfile"]}}
    foretold = stack(check=True, **arguments)
    assert containers_told(foretold) == {
        "caddy": ({"running": True}, {"running": True, "reread": ["Caddyfile"]})
    }
    assert stack(**arguments)["changes"] == foretold["changes"]


def test_what_an_earlier_stage_is_about_to_change_is_not_guessed(stack):
    stack()
    result = stack(check=True, waits_for="configuration")
    assert (result["changed"], result["unknown_until"], result["changes"]) == (True, "configuration", [])
    assert stack(waits_for="configuration")["changed"] is False


@pytest.fixture
def refusal(stack):
    """What Compose prints beside exit 1."""

    def say(text):
        (stack.root / "says").write_text(text, encoding="utf-8")
        return stack(timeout=60)

    return say


def test_a_refusal_of_docker_comes_first_and_whole_and_ends_the_run_at_once(refusal, stack):
    long = f"Error response from daemon: {'a' * 3000}: unknown or invalid runtime name: nvidia"
    result = refusal(f" Container demo-nexus-1  Creating\n{long}\n")
    assert result["code"] == "docker-refused"
    assert result["msg"].startswith(long)
    assert "not healthy within" not in result["msg"]
    assert "runtime nvidia" in result["hint"]
    assert "Creating" in result["log"]
    assert len(stack.calls("up")) == 1


def test_a_dependency_that_ended_is_told_with_the_time_that_passed(refusal):
    result = refusal("dependency failed to start: container demo-postgres-1 exited (1)")
    assert result["code"] == "service-unhealthy"
    assert " is not well after " in result["msg"].splitlines()[0]
    assert "within" not in result["msg"]


def test_a_wait_that_used_up_its_time_says_so(stack):
    stack.set("ready", {"nexus": 10_000})
    assert "nexus is not healthy within 5 s" in stack(timeout=5)["msg"]


def test_what_is_waited_for_is_told_with_the_last_word_of_its_check(stack, tmp_path, monkeypatch):
    place = tmp_path / "waits"
    monkeypatch.setenv("AIRGAP_WAITS", str(place))
    stack.set("ready", {"nexus": 4})
    stack()
    assert place.read_text() == 'service nexus: running, health: starting; its check said "refused"'


def test_without_a_listener_nothing_is_written(stack, tmp_path, monkeypatch):
    monkeypatch.delenv("AIRGAP_WAITS", raising=False)
    stack.set("ready", {"nexus": 4})
    stack()
    assert not list(tmp_path.glob("*waits*"))
