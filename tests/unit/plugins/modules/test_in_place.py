"""Tasks asked in one process: the first that would change something is told, and nothing is changed."""

from types import SimpleNamespace

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.in_place import TASKS, Once

from graphistry_airgap.content import content_root


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "config"


@pytest.fixture
def one(folder, tmp_path):
    """`one(name, **settings)` is the task that writes this env file."""

    def make(name, *, stage="configuration", **settings):
        arguments = {"path": str(folder / name), "settings": settings, "replaced": str(tmp_path / "kept")}
        return {"stage": stage, "name": f"Write {name}", "module": "env_file", "arguments": arguments}

    return make


@pytest.fixture
def written(call_module, folder, one):
    """Two files as their tasks leave them."""
    folder.mkdir()
    tasks = [one("a.env", A="1"), one("b.env", B="2")]
    for task in tasks:
        assert call_module("env_file", **task["arguments"])["changed"]
    return tasks


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_is_in_place(call_module, written):
    said = call_module("in_place", tasks=written)
    assert (said["changed"], said["in_place"], said["findings"]) == (False, True, [])


def test_the_first_that_differs_is_told_and_stays_as_it_is(call_module, written, folder, one):
    before = contents(folder)
    later = one("b.env", stage="tls", B="4")
    said = call_module("in_place", tasks=[one("a.env", A="1"), one("b.env", B="3"), later])
    assert (said["changed"], said["in_place"]) == (False, False)
    (change,) = said["differs"].pop("changes")
    assert (change["what"], change["before"], change["after"]) == (f"{folder}/b.env#B", "2", "3")
    expected = {"stage": "configuration", "task": "Write b.env", "unknown_until": "", "refused": ""}
    assert said["differs"] == expected | {"not_well": {}}
    assert contents(folder) == before


def test_what_cannot_be_known_yet_is_no_pass(call_module, one):
    said = call_module("in_place", tasks=[one("a.env")])
    assert (said["in_place"], said["differs"]["unknown_until"]) == (False, "release")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda task, path: path.write_text('A="1\n'), "a.env, line"),
        (lambda task, path: task["arguments"].pop("replaced"), "missing required arguments: replaced"),
        (lambda task, path: task["arguments"].update(settings="x"), "settings"),
        (lambda task, path: task["arguments"].update(colour="red"), "colour"),
    ],
)
def test_a_task_that_refuses_is_told_in_its_words(call_module, written, folder, harm, words):
    harm(written[0], folder / "a.env")
    said = call_module("in_place", tasks=written)
    assert (said["in_place"], said.get("failed")) == (False, None)
    assert words in said["differs"]["refused"]


def test_a_task_that_would_not_run_is_not_asked(call_module, written, one):
    skipped = {**one("c.env", C="1"), "condition": False}
    assert call_module("in_place", tasks=[*written, skipped])["in_place"] is True
    # a task without its variables has arguments that nobody looks at
    assert call_module("in_place", tasks=[{**skipped, "arguments": {"path": None}}])["in_place"] is True


def test_tasks_of_other_stages_are_not_asked(call_module, written, one):
    tasks = [*written, one("c.env", stage="services", C="1")]
    assert call_module("in_place", tasks=tasks, stages=["configuration"])["in_place"] is True
    assert call_module("in_place", tasks=tasks)["in_place"] is False


@pytest.fixture
def decides(monkeypatch):
    """`decides(**plan)`: what the driver's plan on this host comes to."""

    def make(**plan):
        task = SimpleNamespace(
            ARGUMENTS={}, run=lambda module: module.exit_json(changed=False, driver_plan=plan)
        )
        monkeypatch.setitem(TASKS, "driver_plan", task)
        return {"stage": "driver", "name": "Decide about the driver", "module": "driver_plan"}

    return make


def test_what_the_driver_s_plan_gives_reaches_the_tasks_after_it(call_module, written, decides, one, folder):
    by_plan = {**one("a.env"), "planned": {"settings": "kernel", "absent": "dkms"}}
    plan = decides(action="install", kernel={"A": "1"})
    said = call_module("in_place", tasks=[plan, by_plan])
    assert (said["in_place"], said["driver_plan"]["action"]) == (True, "install")
    said = call_module("in_place", tasks=[decides(kernel={"A": "2"}), by_plan])
    (change,) = said["differs"]["changes"]
    assert (change["what"], change["after"]) == (f"{folder}/a.env#A", "2")


def test_a_task_runs_by_the_action_that_the_plan_decides_for(call_module, written, decides, one):
    planned = {**one("a.env", A="2"), "planned_action": "install"}
    assert call_module("in_place", tasks=[decides(action="install"), planned])["in_place"] is False
    assert call_module("in_place", tasks=[decides(action="leave"), planned])["in_place"] is True
    # no driver was asked for
    skipped = {**decides(action="install"), "condition": False}
    assert call_module("in_place", tasks=[skipped, planned])["in_place"] is True


def test_a_module_that_is_not_of_the_collection_is_refused(call_module):
    said = call_module("in_place", tasks=[{"stage": "x", "name": "x", "module": "shell"}])
    assert "shell" in said["msg"]


def test_every_module_that_changes_something_can_be_asked():
    modules = {path.stem for path in (content_root() / "plugins" / "modules").glob("*.py")}
    told = {"bundle", "gpu", "in_place", "record", "vgpu_plan"}
    assert modules - TASKS.keys() == told


def test_what_failed_is_asked_again():
    answers = [(1, "", "not yet"), (0, "a", ""), (0, "b", "")]
    once = Once(lambda *_, **__: answers.pop(0))
    assert [once(["docker", "info"])[1] for _ in range(3)] == ["", "a", "a"]
    assert once(["docker", "info"], cwd="/")[1] == "b"
