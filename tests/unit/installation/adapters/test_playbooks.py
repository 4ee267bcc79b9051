"""One real run of ansible-playbook: what reaches the modules, and what is left on the disk."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.core.adapters.private_dir import LONGEST
from graphistry_airgap.core.adapters.process import own_python, run
from graphistry_airgap.installation.adapters import playbooks
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE
from graphistry_airgap.target.host.waits import PLACE

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
ASK = """\
- name: ask
  hosts: all
  gather_facts: false
  tasks:
    - name: Run a module
      ansible.builtin.ping:
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    content = tmp_path / "content"
    (content / "playbooks").mkdir(parents=True)
    (content / "roles").mkdir()
    (content / "playbooks" / "look.yml").write_text(PLAYBOOK)
    (content / "playbooks" / "ask.yml").write_text(ASK)
    monkeypatch.setattr(playbooks, "content_root", lambda: content)
    events = []

    def run(work_root, *, playbook="look.yml", **variables):
        recaps = playbooks.run_playbook(
            playbook,
            hosts={THIS_MACHINE.name: {**THIS_MACHINE.connection, **variables}},
            work_root=work_root,
            progress=Silent(),
            log=events.append,
        )
        return recaps[THIS_MACHINE.name]

    return run


@pytest.fixture
def work_root():
    """A directory with the longest path that a work directory may have, blanks in it."""
    with TemporaryDirectory(prefix="my work", dir="/tmp") as folder:
        root = Path(folder, "w" * (LONGEST - len(folder) - 1))
        root.mkdir()
        yield root


def test_a_value_with_braces_is_no_template_and_the_work_directory_may_have_blanks(play, tmp_path, work_root):
    sentinel = tmp_path / "ran"
    path = f"/media/{{{{ lookup('ansible.builtin.pipe', 'touch {sentinel}') }}}}/bundle"
    recap = play(work_root, path=[path], wanted=[path])
    assert recap.failures == []
    assert [stage.name for stage in recap.stages] == ["look"]
    assert not sentinel.exists()


def test_what_a_killed_run_left_goes_and_what_is_the_operator_s_stays(play, work_root):
    (work_root / "graphistry-airgap-run-killed" / "artifacts").mkdir(parents=True)
    (work_root / "run-books").mkdir()
    assert play(work_root, path="/", wanted="/").failures == []
    assert [entry.name for entry in work_root.iterdir()] == ["run-books"]


def test_what_the_tool_starts_is_as_blind_to_compiled_files(monkeypatch, tmp_path):
    """Ansible with its modules, and our own interpreter; where fapolicyd is, each such file is a refusal."""
    monkeypatch.setattr(sys, "pycache_prefix", "/dev/null")
    asked = ("-c", "import sys; print(sys.pycache_prefix, sys.dont_write_bytecode)")
    assert run([*own_python(), *asked]).stdout == "/dev/null True\n"
    assert run([sys.executable, *asked], env=playbooks.environment(tmp_path)).stdout == "/dev/null True\n"


def test_modules_learn_where_to_tell_what_they_wait_for(tmp_path):
    """In the run's own directory, which ends with it."""
    assert playbooks.environment(tmp_path)[PLACE] == str(tmp_path / "waits")


def test_an_interpreter_that_is_not_there_is_about_the_host(play, work_root):
    """The words are Ansible's own, which a later version may change."""
    recap = play(work_root, playbook="ask.yml", ansible_python_interpreter="/does/not/exist/python3")
    error = failure_of(recap.failures[0])
    assert (error.exit_code, error.code) == (3, "host-without-python")
    assert "/does/not/exist/python3" in error.message
