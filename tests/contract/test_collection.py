"""The tarball for Galaxy, installed elsewhere without a network: modules and roles are found and work."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from graphistry_airgap.content import TARGET, content_root
from graphistry_airgap.version import __version__

pytestmark = pytest.mark.subprocesses

CHECKOUT = content_root()
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py"))
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Nothing to change
      graphistry.airgap.env_file:
        path: "{{ folder }}/custom.env"
        replaced: "{{ folder }}/replaced"
      register: told
    - name: It says so
      ansible.builtin.assert:
        that: told is not changed
"""


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """`run(program, …)` is where only the collection of the tarball is, `place` where that lies."""
    folder = tmp_path_factory.mktemp("collection")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": os.fspath(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": os.fspath(folder / "collections"),
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
    }

    def run(*command):
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(CHECKOUT / "scripts" / "collection", folder / "made")
    (tarball,) = (folder / "made").iterdir()
    assert tarball.name == f"graphistry-airgap-{__version__}.tar.gz"
    run("ansible-galaxy", "collection", "install", "--offline", "-p", folder / "collections", tarball)
    return SimpleNamespace(run=run, place=folder / "collections/ansible_collections/graphistry/airgap")


def test_it_holds_the_library_whole_and_no_link(collection):
    place = collection.place
    found = list(place.rglob("*"))
    assert [path for path in found if path.is_symlink() or path.suffix == ".pyc"] == []
    library = place / "plugins" / "module_utils"
    there = {path.relative_to(library) for path in found if path.is_relative_to(library)}
    assert there == {
        path.relative_to(TARGET) for path in TARGET.rglob("*") if "__pycache__" not in path.parts
    } | {Path()}
    assert (place / "README.md").read_text(encoding="utf-8").startswith("# graphistry.airgap")


def test_ansible_reads_what_every_module_says_of_itself(collection):
    names = [f"graphistry.airgap.{name}" for name in MODULES]
    told = json.loads(collection.run("ansible-doc", "-t", "module", "--json", *names))
    assert sorted(told) == names


def test_roles_and_playbooks_are_found_by_their_full_names(collection, tmp_path):
    roles = sorted(path.name for path in (CHECKOUT / "roles").iterdir())
    play = {"hosts": "all", "gather_facts": False, "roles": [f"graphistry.airgap.{role}" for role in roles]}
    (tmp_path / "all.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    collection.run("ansible-playbook", "--syntax-check", "-i", "host,", tmp_path / "all.yml")
    said = collection.run("ansible-playbook", "--list-tasks", "-i", "host,", "graphistry.airgap.install")
    assert re.findall(r"play #\d+ \(all\): (\w+)", said)[0] == "preflight"


def test_a_module_runs_with_its_library_and_changes_nothing(collection, tmp_path):
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    (tmp_path / "custom.env").write_text("A=1\n", encoding="utf-8")
    (tmp_path / "custom.env").chmod(0o600)
    collection.run("ansible-playbook", "-i", "localhost,", "-e", f"folder={tmp_path}", tmp_path / "play.yml")
    assert (tmp_path / "custom.env").read_text(encoding="utf-8") == "A=1\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["custom.env", "play.yml"]
