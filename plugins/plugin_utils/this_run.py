"""Which run of ansible-playbook a module belongs to: it is told by the controller, whatever a play says.

A bundle counts as verified for the run that has verified it, and a module on a host cannot know whose it is.
"""

from __future__ import annotations

import getpass
import os
import platform
from typing import Any

from ansible.plugins.action.normal import ActionModule as Normal

# target/host/lock.py reads it
VARIABLE = "GRAPHISTRY_AIRGAP_RUN"


def this_run() -> str:
    """User, machine and process of ansible-playbook, whose workers are its children."""
    return f"{getpass.getuser()}@{platform.node()}, process {os.getppid()}"


class ActionModule(Normal):  # type: ignore[misc]  # Ansible has no types
    """Ansible's own name for it; the module of the same name, with one variable in its environment."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # the last one counts: a play's own is overwritten
        self._task.environment = [*(self._task.environment or []), {VARIABLE: this_run()}]
        said: dict[str, Any] = super().run(tmp, task_vars)
        return said
