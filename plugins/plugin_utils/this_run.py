"""Which run of ansible-playbook a module belongs to: it is told by the controller, whatever a play says.

A bundle counts as verified for the run that has verified it, and a module on a host cannot know whose it is.
"""

from __future__ import annotations

import getpass
import os
import platform
from pathlib import Path
from typing import Any

from ansible.plugins.action.normal import ActionModule as Normal

from . import kept_archives

# target/host/lock.py reads it
VARIABLE = "GRAPHISTRY_AIRGAP_RUN"
# the tool's process, in the environment of the ansible-playbook that it has started
TOOL = "GRAPHISTRY_AIRGAP_TOOL"


def this_run() -> str:
    """User, machine and process of ansible-playbook, whose workers are its children.

    The tool plays several playbooks in one run, so that there the process is its own: it says so to its
    children, and to others that means nothing.
    """
    process = int(os.environ[TOOL]) if of_the_tool() else os.getppid()
    return f"{getpass.getuser()}@{platform.node()}, process {process}"


def of_the_tool() -> bool:
    """Whether the tool has started this ansible-playbook, with settings of its own."""
    return os.environ.get(TOOL) == _parent(os.getppid())


def _parent(process: int) -> str:
    status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    # a program's name, in brackets, may hold anything
    return status.rpartition(")")[2].split()[1]


class ActionModule(Normal):  # type: ignore[misc]  # Ansible has no types
    """Ansible's own name for it; the module of the same name, with one variable in its environment."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # the last one counts: a play's own is overwritten
        self._task.environment = [*(self._task.environment or []), {VARIABLE: this_run()}]
        # beside the settings of others, a module's archive may hold what is not the runtime's
        kept = of_the_tool()
        if kept:
            kept_archives.offer()
        said: dict[str, Any] = super().run(tmp, task_vars)
        # a host that is refused, or that differs, is left as it is
        if kept and said.get("in_place"):
            kept_archives.keep()
        return said
