#!/usr/bin/python3
"""Ansible module: find the GPUs of a host and plan the settings for them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_gpu
short_description: Plan GPU and worker settings from what a host has
description:
  - Finds NVIDIA GPUs on the PCI bus and asks nvidia-smi, with a time limit.
  - Plans the settings of C(custom.env), each with its reason. Changes nothing; the fact C(airgap_gpu) and
    RV(gpu_plan) say what was found and planned.
  - Fails when the hardware is refused or no driver answers.
options:
  wish:
    description: Which GPUs, how many workers, against which release; C(preflight_gpu) of the tool.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
author: [graphistry-airgap]
"""

EXAMPLES = r"""
- name: Plan the GPUs
  airgap_gpu:
    wish: "{{ graphistry_config_gpu }}"
  register: __graphistry_config_plan
"""

RETURN = r"""
gpu_plan:
  description: GPUs, settings, reasons, assignment and warnings, as the command C(gpu plan) gives them.
  type: dict
  returned: always
absent:
  description: Names that some plan may set and this one does not.
  type: list
  elements: str
  returned: success
ansible_facts:
  description: What the host has, as C(airgap_gpu).
  type: dict
  returned: always
"""

from ansible.module_utils.airgap import gpu_host, gpu_options, gpu_plan, gpu_smi
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={"wish": {"type": "dict", "required": True}}, supports_check_mode=True
    )

    try:
        found, plan = gpu_host.plan_host(Host.of_module(module.run_command), module.params["wish"])
    except gpu_options.OptionError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    document = {**plan.as_dict(), "driver": found.answer.driver}
    result = {"gpu_plan": document, "ansible_facts": {"airgap_gpu": found.as_dict()}}
    if found.answer.state != gpu_smi.ANSWERED:
        module.fail_json(
            msg=f"no NVIDIA driver answers: {found.answer.detail}",
            code="host-gpu-driver",
            hint="see `dmesg` and `nvidia-smi`; restart the host if the driver is new, then try again",
            **result,
        )
    if plan.refusals:
        note = plan.refusals[0]
        module.fail_json(msg=note.message, code=f"host-{note.code}", hint=note.hint, **result)
    absent = [name for name in gpu_plan.NAMES if name not in plan.env]
    module.exit_json(changed=False, absent=absent, **result)


if __name__ == "__main__":
    main()
