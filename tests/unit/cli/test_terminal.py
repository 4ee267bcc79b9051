"""A run of ansible-playbook on a real terminal: none of the machinery's own phrases is shown there."""

import json
import os
import pty
import subprocess
import sys
from tempfile import TemporaryDirectory

import pytest

pytestmark = pytest.mark.subprocesses

# facts, a warning, a task without a name, a change, a failure that is ignored, a handler, a failure
PLAYBOOK = """\
- name: docker
  hosts: all
  gather_facts: true
  vars: {ansible_python_interpreter: auto}
  handlers:
    - name: Reload Docker
      ansible.builtin.command: "true"
  tasks:
    - ansible.builtin.debug: {msg: a message}
    - name: Write daemon.json
      ansible.builtin.command: echo PLAY TASK
      notify: Reload Docker
    - name: Flush
      ansible.builtin.meta: flush_handlers
    - name: Look for containers
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: Start Docker
      ansible.builtin.fail: {msg: the cause}
"""
# stands for the command line: the progress of a terminal, and an error as it is shown at the end
TOOL = """
import sys
from pathlib import Path
from graphistry_airgap.installation.adapters import playbooks
from graphistry_airgap.cli.progress import Live, progress_for
from graphistry_airgap.cli.render import render
from graphistry_airgap.core.result import failed
from graphistry_airgap.installation.install import failure_of

content = Path(sys.argv[1])
playbooks.content_root = lambda: content
progress = progress_for(quiet=False, as_json=False, color=True)
assert isinstance(progress, Live)
recaps = playbooks.run_playbook(
    "it.yml", hosts={"localhost": {"ansible_connection": "local"}},
    work_root=Path(sys.argv[2]), progress=progress, log=lambda _: None
)
render("install", failed(failure_of(recaps["localhost"].failures[0])), as_json=False)
"""
MACHINERY = (
    *("PLAY", "TASK", "RUNNING HANDLER", "RECAP", "fatal:", "changed=", "failed=", "ok:", "changed:"),
    *(
        "ignoring",
        "Gathering Facts",
        "ansible",
        "[WARNING]",
        "non-zero",
        "localhost",
        "a message",
        "Traceback",
    ),
)


def shown_on_a_terminal(argv):
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    seen = b""
    while True:
        try:
            piece = os.read(master, 1 << 16)
        except OSError:  # the other end is gone
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    assert process.wait() == 0, seen.decode()
    return seen.decode()


def test_no_phrase_of_ansible_is_shown(tmp_path):
    for folder in ("playbooks", "roles", "inventory/local"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "playbooks" / "it.yml").write_text(PLAYBOOK)
    hosts = {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}
    (tmp_path / "inventory" / "local" / "hosts.yml").write_text(json.dumps(hosts))
    # sockets lie in it, whose paths must be short
    with TemporaryDirectory(dir="/tmp") as work:
        shown = shown_on_a_terminal([sys.executable, "-c", TOOL, str(tmp_path), work])
    assert "Write daemon.json" in shown
    assert "Reload Docker" in shown
    assert "FAILED" in shown
    assert "error: stage docker, task “Start Docker”: the cause" in shown
    assert [words for words in MACHINERY if words in shown] == []
