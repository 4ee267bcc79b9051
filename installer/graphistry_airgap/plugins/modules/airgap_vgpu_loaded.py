#!/usr/bin/python3
"""Ansible module: the guest driver that is installed is the one that runs, or a reboot is due."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_vgpu_loaded
short_description: Have the installed guest driver answer
description:
  - Asks nvidia-smi; where no driver answers, loads the module. What still does not answer, or answers as an
    older driver, ends with C(reboot-required).
options:
  version:
    description: The version that must answer; empty takes any.
    type: str
    default: ""
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
loaded:
  description: The version that answers.
  returned: success
  type: str
"""

from pathlib import Path

from ansible.module_utils.airgap import driver_signing, gpu_smi
from ansible.module_utils.airgap.gpu_knowledge import numbers
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

NOUVEAU = Path("/sys/module/nouveau")


def load(module: AnsibleModule) -> None:
    """Load the module where nothing holds the GPU; a failure shows in the answer that is asked for next."""
    if NOUVEAU.exists():
        return
    _, out, error = module.run_command(["modprobe", "nvidia"])
    said = (error or out).strip()[-500:]
    if driver_signing.is_rejected(said):
        module.fail_json(
            msg=f"the kernel refuses the guest driver's module: Secure Boot does not know its key ({said})",
            code="driver-modules-rejected",
            hint=driver_signing.ENROL,
        )


def obstacle(answer: gpu_smi.Answer) -> str:
    if answer.driver:
        return f"driver {answer.driver} is still loaded"
    return "nouveau still has the GPU" if NOUVEAU.exists() else answer.detail


def main() -> None:
    module = AnsibleModule(
        argument_spec={"version": {"type": "str", "default": ""}}, supports_check_mode=True
    )

    host = Host.of_module(module.run_command)
    wanted = module.params["version"]
    answer = gpu_smi.ask(host.run)
    tried = answer.state == gpu_smi.NO_DRIVER and not module.check_mode
    if tried:
        load(module)
        answer = gpu_smi.ask(host.run)
    if answer.state == gpu_smi.ANSWERED and numbers(answer.driver) >= numbers(wanted):
        module.exit_json(changed=tried, loaded=answer.driver)
    if module.check_mode:
        module.exit_json(changed=True, loaded="", msg="unknown until the guest driver is installed")
    module.fail_json(
        msg=f"the guest driver {wanted} is installed, but {obstacle(answer)}: a reboot is due",
        code="reboot-required",
        hint="restart the host",
    )


if __name__ == "__main__":
    main()
