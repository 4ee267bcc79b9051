"""The play that asks whether all is in place is made from the roles' own tasks."""

import subprocess
import sys

import pytest
import yaml

from graphistry_airgap.content import content_root

pytestmark = pytest.mark.subprocesses

ROOT = content_root()
MAKER = ROOT / "scripts" / "make-in-place"


def modules_of(tasks):
    """Names of this collection's modules in the tasks of a file, in their order, blocks included."""
    for task in tasks:
        yield from (key for key in task if key.startswith("graphistry.airgap."))
        yield from modules_of(task.get("block", []))


def test_the_play_is_what_its_maker_makes():
    done = subprocess.run([sys.executable, MAKER, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_task_of_every_role_is_asked():
    """Counted apart from the maker: what it forgets would never be done on a host that was installed once."""
    in_roles = [
        module
        for path in (ROOT / "roles").glob("*/tasks/*.yml")
        for module in modules_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    ]
    (play,) = yaml.safe_load((ROOT / "playbooks" / "in-place.yml").read_text(encoding="utf-8"))
    question = play["tasks"][-1]["graphistry.airgap.in_place"]
    asked = [f"graphistry.airgap.{task['module']}" for task in question["tasks"]]
    decided = [module for module in modules_of(play["tasks"]) if not module.endswith("in_place")]
    assert sorted([*asked, *decided]) == sorted(in_roles)


def test_roles_have_no_task_that_cannot_be_asked():
    """Modules of Ansible's own have no changes to tell, and none but an assertion is used."""
    others = {
        key
        for path in (ROOT / "roles").glob("*/tasks/*.yml")
        for task in yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in task
        if key.startswith("ansible.builtin.")
    }
    assert others <= {"ansible.builtin.assert", "ansible.builtin.include_tasks"}
