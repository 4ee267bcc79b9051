"""One real run of ansible-playbook: what reaches the modules, and what is left on the disk."""

import sys

import pytest

from graphistry_airgap.adapters import playbooks
from graphistry_airgap.adapters.process import own_python, run
from graphistry_airgap.cli.progress import Silent

pytestmark = pytest.mark.subprocesses

PLAYBOOK = """\
- name: look
  hosts: all
  gather_facts: false
  tasks:
    - name: Tell what came
      ansible.builtin.assert:
        that: path == wanted
        fail_msg: "{{ path }}"
"""
INVENTORY = "all: {hosts: {localhost: {ansible_connection: local}}}\n"


@pytest.fixture
def play(tmp_path, monkeypatch):
    content = tmp_path / "content"
    (content / "playbooks").mkdir(parents=True)
    (content / "roles").mkdir()
    (content / "inventory" / "local").mkdir(parents=True)
    (content / "playbooks" / "look.yml").write_text(PLAYBOOK)
    (content / "inventory" / "local" / "hosts.yml").write_text(INVENTORY)
    monkeypatch.setattr(playbooks, "content_root", lambda: content)
    events = []

    def run(work_root, **variables):
        return playbooks.run_playbook(
            "look.yml", variables=variables, work_root=work_root, progress=Silent(), log=events.append
        )

    return run


def test_a_value_with_braces_is_no_template_and_the_work_directory_may_have_blanks(play, tmp_path):
    sentinel = tmp_path / "ran"
    path = f"/media/{{{{ lookup('ansible.builtin.pipe', 'touch {sentinel}') }}}}/bundle"
    recap = play(tmp_path / "my work", path=[path], wanted=[path])
    assert recap.failures == []
    assert [stage.name for stage in recap.stages] == ["look"]
    assert not sentinel.exists()


def test_what_a_killed_run_left_goes_and_what_is_the_operator_s_stays(play, tmp_path):
    (tmp_path / "graphistry-airgap-run-killed" / "artifacts").mkdir(parents=True)
    (tmp_path / "run-books").mkdir()
    assert play(tmp_path, path="/", wanted="/").failures == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["content", "run-books"]


def test_what_the_tool_starts_is_as_blind_to_compiled_files(monkeypatch, tmp_path):
    """Ansible with its modules, and our own interpreter; where fapolicyd is, each such file is a refusal."""
    monkeypatch.setattr(sys, "pycache_prefix", "/dev/null")
    asked = ("-c", "import sys; print(sys.pycache_prefix, sys.dont_write_bytecode)")
    assert run([*own_python(), *asked]).stdout == "/dev/null True\n"
    assert run([sys.executable, *asked], env=playbooks.environment(tmp_path)).stdout == "/dev/null True\n"


def test_what_modules_say_of_the_driver_is_put_together_without_its_packages():
    listener = playbooks._Listener(Silent(), lambda line: None)
    listener.handle({"event": "playbook_on_play_start", "event_data": {"name": "driver"}})
    for plan in ({"action": "install", "packages": [{"name": "dkms"}]}, {"loaded": "550.163.01"}):
        said = {"task": "a task", "res": {"driver_plan": plan}}
        listener.handle({"event": "runner_on_ok", "event_data": said})
    assert listener.driver == {"action": "install", "loaded": "550.163.01"}
