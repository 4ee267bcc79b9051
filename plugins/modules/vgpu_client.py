#!/usr/bin/python
"""Ansible module: what the licence client of a vGPU guest reads: gridd.conf and the token."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_client
short_description: Configure the licence client of a vGPU guest
version_added: "0.1.0"
description:
  - Puts the client configuration token in its place (mode 0744) and the licence class, and for a server of
    the older kind its address, into C(/etc/nvidia/gridd.conf), whose other lines stay byte for byte.
  - Lets nvidia-gridd start after the network is up. The token's content is in no output and in no log.
options:
  desired:
    description: What the site file and the bundle say about the guest.
    type: dict
    required: true
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
  pending:
    description: File that exists while a restart of nvidia-gridd is due.
    type: path
    required: true
  replaced:
    description: Directory that keeps a copy of gridd.conf before it is changed.
    type: path
    required: true
  unit_content:
    description: What the drop-in of nvidia-gridd's unit says.
    type: str
    required: true
  mask_key:
    description:
      - Makes the digest that stands for the token in C(changes) comparable between two answers.
      - Without it they compare within one.
    type: str
    default: ''
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the client.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
  - graphistry.airgap.shapes.vgpu
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows the settings that change; of the token a digest with a key.
"""

EXAMPLES = r"""
- name: Configure the licence client for a token of the site's own
  graphistry.airgap.vgpu_client:
    bundle: /media/bundle
    desired:
      purpose: server
      platform: debian-13
      feature_type: auto
      server: {}
      token_file: /etc/graphistry-airgap/client_configuration_token.tok
      driver: {}
      token: {}
      headers: {}
      tools: []
      release: "{{ bundle.release.version }}"
      cuda: "{{ bundle.release.cuda }}"
      waive_range: false
      knowledge:
        releases: {}  # is not asked here
    pending: /var/lib/graphistry-airgap/gridd-restart-due
    replaced: /var/lib/graphistry-airgap/replaced
    unit_content: "{{ lookup('ansible.builtin.file', 'after-the-network.conf', rstrip=false) }}"
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
  register: client
"""

RETURN = r"""
changes:
  description: Settings, the token and the unit's drop-in, as data.
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
  description: C(feature_type), and C(token) or C(server), as the receipt shows them.
  returned: success, where nothing is waited for
  type: dict
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.vgpu import client


def main() -> None:
    client.run(AnsibleModule(client.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
