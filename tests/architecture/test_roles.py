"""Roles keep to what the house forbids; playbooks are the stages in their order."""

import re

import pytest
import yaml

from graphistry_airgap.content import content_root

ROLES = sorted(path for path in (content_root() / "roles").iterdir() if path.is_dir())
PLAYBOOKS = content_root() / "playbooks"
STAGES = (
    *("preflight", "repository", "driver", "docker", "toolkit"),
    *("images", "release", "configuration", "tls", "services"),
)
NOT_BEFORE_A_CLONE = ("tls", "services")

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def tasks(role):
    for path in sorted((role / "tasks").glob("*.yml")):
        for task in load(path):
            yield from [task, *task.get("block", []), *task.get("rescue", []), *task.get("always", [])]


@each_role
def test_the_readme_tells_what_it_never_does(role):
    text = (role / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {role.name}\n")
    assert re.search("never|changes nothing", text, re.IGNORECASE)


@each_role
def test_no_task_ignores_errors_or_reaches_for_a_shell(role):
    for task in tasks(role):
        assert "ignore_errors" not in task
        assert not {"ansible.builtin.shell", "ansible.builtin.command", "ansible.builtin.raw"} & task.keys()
        assert not {"ansible.builtin.get_url", "ansible.builtin.uri", "ansible.builtin.reboot"} & task.keys()


@pytest.mark.parametrize("stage", STAGES)
def test_a_playbook_is_one_play_with_its_stages_name_and_no_facts(stage):
    plays = load(PLAYBOOKS / f"{stage}.yml")
    assert [play["name"] for play in plays] == [stage]
    assert plays[0]["hosts"] == "all"
    assert plays[0]["gather_facts"] is False


@pytest.mark.parametrize(
    ("playbook", "stages"),
    [("install", STAGES), ("template", tuple(s for s in STAGES if s not in NOT_BEFORE_A_CLONE))],
)
def test_stages_run_in_their_order(playbook, stages):
    imports = [play["ansible.builtin.import_playbook"] for play in load(PLAYBOOKS / f"{playbook}.yml")]
    assert imports == [f"{stage}.yml" for stage in stages]
