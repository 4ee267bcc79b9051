#!/usr/bin/python
"""Ansible module: what has to be done for a vGPU guest's driver, or why nothing can be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_plan
short_description: Judge a vGPU guest and plan its driver
version_added: "0.1.0"
description:
  - Looks at the virtual GPU, the guest driver, the token and the licence server with the same judgement as
    preflight, and says whether the bundle's guest driver has to be installed.
  - Fails on bare metal, on a GPU that is passed through, and wherever preflight would. Changes nothing.
options:
  desired:
    description: What the site file and the bundle say about the guest.
    type: dict
    required: true
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
  - graphistry.airgap.shapes.vgpu
attributes:
  check_mode:
    support: full
    description: Decides as it always does.
  diff_mode:
    support: N/A
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Judge a vGPU guest and plan its driver
  graphistry.airgap.vgpu_plan:
    bundle: /media/bundle
    desired:
      purpose: server
      platform: debian-13
      feature_type: auto
      server: {}
      token_file: /etc/graphistry-airgap/client_configuration_token.tok
      driver: {}  # the guest driver is there already
      token: {}
      headers: {}
      tools: "{{ platform.packages.guest }}"
      release: "{{ bundle.release.version }}"
      cuda: "{{ bundle.release.cuda }}"
      waive_range: false
      knowledge:
        releases: "{{ lookup('ansible.builtin.file', knowledge ~ '/releases.json') | from_json }}"
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
    platform: "{{ bundle.platforms['debian-13'] }}"
    knowledge: /srv/graphistry-airgap/installer/graphistry_airgap/knowledge  # of a checkout
  register: planned
"""

RETURN = r"""
install:
  description: Whether the guest driver has to be installed.
  returned: success
  type: bool
kernel:
  description: The running kernel.
  returned: success
  type: str
packages:
  description: Headers and build tools from the bundle that the guest driver is built with.
  returned: success
  type: list
  elements: dict
reason:
  description: Why it is installed or left alone.
  returned: success
  type: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
details:
  description: All that was C(found) and is C(needed), in words.
  returned: failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.vgpu import plan


def main() -> None:
    plan.run(AnsibleModule(plan.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
