"""Events of ansible-runner become a recap, progress lines and an event log."""

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.installation.adapters.listener import Listener
from graphistry_airgap.installation.recap import Recap

HOST = "gpu-7"


def listening(log=lambda line: None, *, hosts=(HOST,), stage="driver"):
    listener = Listener(Silent(), log, {name: Recap() for name in hosts})
    enter(listener, stage)
    return listener


def enter(listener, stage):
    listener.handle({"event": "playbook_on_play_start", "event_data": {"name": stage}})


def said(listener, result, host=HOST, event="runner_on_ok"):
    listener.handle({"event": event, "event_data": {"host": host, "task": "Look", "res": result}})


def test_what_modules_say_of_the_driver_is_put_together_without_its_packages():
    listener = listening()
    for plan in ({"action": "install", "packages": [{"name": "dkms"}]}, {"loaded": "550.163.01"}):
        said(listener, {"driver_plan": plan})
    assert listener.recaps[HOST].driver == {"action": "install", "loaded": "550.163.01"}


def test_what_a_module_has_to_tell_is_a_finding_of_the_run():
    """Its findings, and what it said by Ansible's own `warn`; a task that says both twice says them once."""
    logged = []
    listener = listening(logged.append, stage="toolkit")
    stale = {"severity": "warning", "code": "cdi-stale", "message": "it is stale"}
    result = {"findings": [stale], "warnings": ["postgres goes on"]}
    for _ in range(2):
        said(listener, result)
    told = [finding["message"] for finding in listener.recaps[HOST].findings]
    assert told == ["it is stale", "postgres goes on"]
    assert logged[-1]["findings"][0] == stale


def test_each_host_has_a_recap_of_its_own_and_a_failed_one_does_not_stop_the_other():
    """As Ansible does it: a host that failed is left out of the plays that follow."""
    done = []
    listener = listening(hosts=("gpu-7", "gpu-8"), stage="preflight")
    listener.progress.stage_done = lambda *given, failed: done.append((*given[:2], failed))
    said(listener, {"msg": "too little room"}, "gpu-7", "runner_on_failed")
    said(listener, {"changed": False}, "gpu-8")
    enter(listener, "docker")
    said(listener, {"changed": True, "gpu_plan": {"gpus": 2}}, "gpu-8")
    listener.handle({"event": "playbook_on_stats"})
    sick, well = (listener.recaps[name] for name in ("gpu-7", "gpu-8"))
    assert [failure.message for failure in sick.failures] == ["too little room"]
    assert [(stage.name, stage.failed) for stage in sick.stages] == [("preflight", True)]
    assert [(stage.name, stage.failed) for stage in well.stages] == [("preflight", False), ("docker", False)]
    assert (well.failures, well.changed, sick.changed) == ([], 1, 0)
    assert (well.gpu, sick.gpu) == ({"gpus": 2}, None)
    assert done == [("preflight", 0, True), ("docker", 1, False)]


def test_a_log_s_lines_name_the_host():
    logged = []
    said(listening(logged.append, hosts=("gpu-7", "gpu-8")), {}, "gpu-8")
    assert logged[-1]["host"] == "gpu-8"


class Watched(Silent):
    def __init__(self):
        self.tasks, self.waits = [], []

    def task(self, name):
        self.tasks.append(name)

    def wait(self, what, seconds, *, again):
        self.waits.append((what, seconds, again))


@pytest.fixture
def waiting(tmp_path):
    """A listener in a task, its clock, and what it logged."""
    now, logged = [100.0], []
    recaps = {HOST: Recap()}
    listener = Listener(Watched(), logged.append, recaps, waits=tmp_path / "waits", clock=lambda: now[0])
    listener.handle({"event": "playbook_on_play_start", "event_data": {"name": "services"}})
    listener.handle({"event": "playbook_on_task_start", "event_data": {"task": "Start caddy"}})

    def at(second):
        now[0] = 100.0 + second
        assert listener.look() is False

    return listener, at, logged


def test_a_wait_is_told_from_its_tenth_second_on_and_every_thirty_to_a_log(waiting, tmp_path):
    listener, at, logged = waiting
    told = listener.progress.waits
    at(9.9)
    assert told == []
    at(10)
    (tmp_path / "waits").write_text("service caddy: running, health: starting\n")
    at(11)
    at(41)
    starting = "service caddy: running, health: starting"
    assert told == [("Start caddy", 10, True), (starting, 11, False), (starting, 41, True)]
    waits = [line for line in logged if line["event"] == "wait"]
    assert [(line["for"], line["seconds"]) for line in waits] == [("Start caddy", 10), (starting, 41)]


def test_a_wait_ends_with_its_task(waiting, tmp_path):
    listener, at, _ = waiting
    (tmp_path / "waits").write_text("service caddy: starting")
    at(20)
    listener.handle({"event": "playbook_on_task_start", "event_data": {"task": "Enable the unit"}})
    at(25)
    assert len(listener.progress.waits) == 1
    assert not (tmp_path / "waits").exists()


def test_ansible_s_own_tasks_are_no_progress(waiting):
    listener, at, _ = waiting
    listener.handle({"event": "playbook_on_task_start", "event_data": {"task": "Gathering Facts"}})
    at(60)
    assert (listener.progress.tasks, listener.progress.waits) == (["Start caddy"], [])


def told(*events):
    listener = listening(stage="configuration")
    for kind, result in events:
        said(listener, result, event=kind)
    return listener.recaps[HOST].changes


def one(what):
    return {"subject": "configuration", "kind": "setting", "what": what, "before": None, "after": "1"}


def test_changes_are_told_with_their_stage_in_the_order_in_which_they_were_made():
    first, second = {"changed": True, "changes": [one("a")]}, {"changed": True, "changes": [one("b")]}
    assert told(("runner_on_ok", first), ("runner_on_ok", second)) == [
        {"stage": "configuration", **one("a")},
        {"stage": "configuration", **one("b")},
    ]


def test_the_log_has_a_task_s_changes_as_they_come():
    logged = []
    listener = listening(logged.append, stage="configuration")
    said(listener, {"changed": True, "changes": [one("a")]})
    said(listener, {"changed": False, "changes": []})
    assert [line.get("changes") for line in logged if line["event"] == "task"] == [
        [{"stage": "configuration", **one("a")}],
        None,
    ]


def test_a_loop_has_changes_in_each_round_up_to_the_one_that_failed():
    rounds = [
        {"changed": True, "changes": [one("a")]},
        {"failed": True, "changed": True, "changes": [one("b")]},
    ]
    assert [row["what"] for row in told(("runner_on_failed", {"changed": True, "results": rounds}))] == ["a"]
    assert [row["what"] for row in told(("runner_on_ok", {"changed": True, "results": rounds[:1]}))] == ["a"]


def test_a_secret_in_a_program_s_settings_is_not_kept():
    options = {**one("/etc/docker/daemon.json#log-opts"), "after": {"splunk-token": "s3cret"}}
    (kept,) = told(("runner_on_ok", {"changed": True, "changes": [options]}))
    assert "s3cret" not in str(kept)


def test_what_failed_or_was_there_is_no_change():
    failed = {"changed": True, "changes": [one("a")]}
    assert (
        told(("runner_on_failed", failed), ("runner_on_ok", {"changed": False, "changes": [one("b")]})) == []
    )
    assert told(("runner_on_ok", {"changed": True, "results": ["curl"]})) == []
