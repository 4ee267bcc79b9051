#!/usr/bin/python
"""Ansible module: a vGPU guest that has its licence."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_licence
short_description: Wait for the licence of a vGPU guest
version_added: "0.1.0"
description:
  - Enables nvidia-gridd, restarts it when its files were changed or the guest has no licence, and waits until
    nvidia-smi says that every virtual GPU is licensed.
options:
  pending:
    description: File that exists while a restart of nvidia-gridd is due.
    type: path
    required: true
  timeout:
    description: Seconds to wait for the licence.
    type: int
    default: 120
  server:
    description: The licence server that the site names, for messages.
    type: str
    default: ""
  token:
    description: Path of the token whose server is named in messages instead.
    type: str
    default: ""
  restart:
    description: Whether check mode has left files unwritten for which nvidia-gridd is restarted.
    type: bool
    default: false
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about unit and licence.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run, which then waits for the licence.
  diff_mode:
    support: full
    description: Shows the unit, and for what it is restarted.
"""

EXAMPLES = r"""
- name: Get the licence
  graphistry.airgap.vgpu_licence:
    pending: /var/lib/graphistry-airgap/gridd-restart-due
    timeout: 300
    token: /etc/nvidia/ClientConfigToken/client_configuration_token.tok
    # of graphistry.airgap.vgpu_client, for a check mode that has not written its files
    restart: "{{ client is changed }}"
"""

RETURN = r"""
changes:
  description: The unit of the licence client, as data.
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
vgpu_state:
  description: C(licence), as the receipt shows it.
  returned: always, where nothing is waited for
  type: dict
done:
  description: What was done, from enabled and restarted.
  returned: success
  type: list
  elements: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: The last lines of nvidia-gridd's journal.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.vgpu import licence


def main() -> None:
    licence.run(AnsibleModule(licence.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
