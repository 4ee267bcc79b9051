#!/usr/bin/python3
"""Ansible module: decide about NVIDIA's driver on the host that it is for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_driver_plan
short_description: Decide whether the bundle's NVIDIA driver is installed, and with which modules
description:
  - Looks at GPUs, running kernel, headers, installed drivers, Secure Boot and nouveau, and compares them with
    what the site wants, the bundle has and the release needs. Changes nothing.
  - Fails with what stands against an installation, as preflight would have said it.
options:
  wish:
    description: What the site wants and the bundle has; C(nvidia_driver_wish) of the tool.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
author: [graphistry-airgap]
"""

EXAMPLES = r"""
- name: Decide about the driver
  airgap_driver_plan:
    wish: "{{ nvidia_driver_wish }}"
  register: __nvidia_driver
"""

RETURN = r"""
driver_plan:
  description:
    - C(action) is V(none), V(leave) or V(install); C(reasons) and C(warnings) are for people.
    - With V(install) also version, branch, variant, kernel, C(dkms) (name of the build), C(module_files) (how
      the modules' file names begin), C(headers) (V(host) or V(bundle)) and the packages to ask for.
  type: dict
  returned: always
"""

from ansible.module_utils.airgap import driver_host, driver_plan
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={"wish": {"type": "dict", "required": True}}, supports_check_mode=True
    )

    wish = module.params["wish"]
    plan = driver_plan.make(driver_host.probe(Host.of_module(module.run_command), wish), wish)
    if plan.refusals:
        note = plan.refusals[0]
        module.fail_json(
            msg=note.message, code=f"host-{note.code}", hint=note.hint, driver_plan=plan.as_dict()
        )
    module.exit_json(changed=False, driver_plan=plan.as_dict())


if __name__ == "__main__":
    main()
