#!/usr/bin/python3
"""Ansible module: what has to be done for a vGPU guest's driver, or why nothing can be."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_vgpu_plan
short_description: Judge a vGPU guest and plan its driver
description:
  - Looks at the virtual GPU, the guest driver, the token and the licence server with the same judgement as
    preflight, and says whether the bundle's guest driver has to be installed.
  - Fails on bare metal, on a GPU that is passed through, and wherever preflight would. Changes nothing.
options:
  wish:
    description: What the site file and the bundle say about the guest; C(preflight_vgpu) of the tool.
    type: dict
    required: true
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
attributes:
  check_mode:
    support: full
author: [graphistry-airgap]
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
"""

from ansible.module_utils.airgap import findings_vgpu, findings_vgpu_licence, probe_vgpu, vgpu_driver
from ansible.module_utils.airgap.findings import errors, in_order
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

JUDGES = (
    findings_vgpu.guest,
    findings_vgpu.profiles,
    findings_vgpu.driver,
    findings_vgpu_licence.licence,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "wish": {"type": "dict", "required": True},
            "bundle": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )

    wish = module.params["wish"]
    requirements = {"vgpu": wish, "gpu": {}, "bundle": module.params["bundle"]}
    requirements |= {"platform": wish["platform"], "purpose": wish["purpose"]}
    found = probe_vgpu.discovered(Host.of_module(module.run_command), requirements)
    stopping = errors(in_order(item for one in JUDGES for item in one({"vgpu": found}, requirements)))
    if stopping:
        module.fail_json(
            msg="; ".join(item.message for item in stopping),
            code=f"host-{stopping[0].code}",
            hint=stopping[0].hint,
        )
    decision = vgpu_driver.decide(found["driver"], wish["driver"])
    install = decision.action == vgpu_driver.INSTALL
    module.exit_json(
        changed=False,
        install=install,
        kernel=found["kernel"],
        packages=vgpu_driver.build_packages(found["driver"], wish, found["kernel"]) if install else [],
        reason=decision.reason,
    )


if __name__ == "__main__":
    main()
