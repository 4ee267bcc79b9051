#!/usr/bin/python
"""Ansible module: find the GPUs of a host and plan the settings for them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu
short_description: Plan GPU and worker settings from what a host has
version_added: "0.1.0"
description:
  - Finds NVIDIA GPUs on the PCI bus and asks nvidia-smi, with a time limit.
  - Plans the settings of C(custom.env), each with its reason. Changes nothing; the fact C(airgap_gpu) and
    RV(gpu_plan) say what was found and planned.
  - Fails when the hardware is refused or no driver answers.
options:
  desired:
    description: Which GPUs, how many workers, against which release.
    type: dict
    required: true
    suboptions:
      indices:
        description: Indices (C(0,2,5-7)) or UUIDs of the GPUs to use; empty for all.
        type: str
        required: true
      workers:
        description: Workers of C(forge-etl-python), C(streamgl-gpu) and C(dask-cuda-worker) for each GPU
          (C(4,4,1)); empty sizes them by memory.
        type: str
        required: true
      allow_mig:
        description: Whether GPUs that are cut by MIG are accepted.
        type: bool
        required: true
      release:
        description: Version of the release.
        type: str
        required: true
      cuda:
        description: CUDA version of the release.
        type: str
        required: true
      knowledge:
        description: What the tool knows.
        type: dict
        required: true
        suboptions:
          releases:
            description: Its document of the product's releases.
            type: dict
            required: true
          architectures:
            description: Its document of GPU architectures.
            type: dict
            required: true
      known:
        description: GPUs of the last installation, which M(graphistry.airgap.preflight) looks for.
        type: list
        elements: dict
        suboptions:
          uuid:
            description: UUID of the GPU.
            type: str
            required: true
          name:
            description: Its name, for messages.
            type: str
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Plans as it always does.
  diff_mode:
    support: N/A
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Plan the GPUs
  graphistry.airgap.gpu:
    desired:
      indices: ""
      workers: ""
      allow_mig: false
      release: "{{ bundle.release.version }}"
      cuda: "{{ bundle.release.cuda }}"
      knowledge:
        releases: "{{ lookup('ansible.builtin.file', knowledge ~ '/releases.json') | from_json }}"
        architectures: "{{ lookup('ansible.builtin.file', knowledge ~ '/architectures.json') | from_json }}"
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
    knowledge: /srv/graphistry-airgap/installer/graphistry_airgap/knowledge  # of a checkout
  register: planned

- name: Show what custom.env should say
  ansible.builtin.debug:
    var: planned.gpu_plan.env
"""

RETURN = r"""
gpu_plan:
  description: GPUs, settings, reasons, assignment and warnings, as the command C(gpu plan) gives them.
  type: dict
  returned: always, but where an option cannot be read
absent:
  description: Names that some plan may set and this one does not.
  type: list
  elements: str
  returned: success
ansible_facts:
  description: What the host has, as C(airgap_gpu).
  type: dict
  returned: always, but where an option cannot be read
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

from ..module_utils.tasks import gpu


def main() -> None:
    gpu.run(AnsibleModule(gpu.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
