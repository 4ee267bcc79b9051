#!/usr/bin/python
"""Ansible module: the default runtime of Docker, in its file and in the running daemon."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_runtime
short_description: Make a runtime Docker's default one
version_added: "0.1.0"
description:
  - Runs the vendor's configuration command when C(daemon.json) lacks the runtime or its being the default;
    that command merges, so the site's keys survive. A reload takes it over; no restart is needed.
  - Afterwards the running daemon must name the runtime as its default.
  - For C(--gpus) Docker looks for the vendor's hook once, when it starts. A daemon that is older than the
    hook is restarted, but only where that stops no container.
options:
  runtime:
    description: Name of the runtime.
    type: str
    required: true
  configure:
    description: The vendor's command that enters the runtime into the file.
    type: list
    elements: str
    required: true
  path:
    description: Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  hook:
    description: Name of the program that a starting Docker looks for, to know C(--gpus).
    type: str
    required: true
  replaced:
    description: Directory that keeps a copy of the file before it is changed.
    type: path
    required: true
  before:
    description: File with what was in O(path) before; that comes back where Docker does not take the change.
    type: path
    required: true
  timeout:
    description: Seconds within which the running daemon must have taken it over.
    type: int
    default: 30
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run; the runtime's own entry is the toolkit's to make.
  diff_mode:
    support: full
    description: Shows the keys that change, and for what Docker reloads or restarts.
"""

EXAMPLES = r"""
- name: Make nvidia the default runtime of Docker
  graphistry.airgap.docker_runtime:
    runtime: nvidia
    configure: [nvidia-ctk, runtime, configure, --runtime=docker, --set-as-default]
    hook: nvidia-container-runtime-hook
    replaced: /var/lib/graphistry-airgap/replaced
    before: /var/lib/graphistry-airgap/daemon-json-before
"""

RETURN = r"""
changes:
  description: Keys of the file that differ, and for what Docker reloads or restarts, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
unknown_until:
  description: The stage that has to come first, where check mode cannot know more.
  returned: in check mode
  type: str
done:
  description: What was done, from configured, reloaded and restarted.
  returned: success
  type: list
  elements: str
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where Docker and the toolkit are there
  type: list
  elements: dict
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: The last lines of Docker's journal.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.docker import runtime


def main() -> None:
    runtime.run(AnsibleModule(runtime.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
