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

from ansible.module_utils.airgap import gpu_smi
from ansible.module_utils.airgap.gpu_knowledge import numbers
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={"version": {"type": "str", "default": ""}}, supports_check_mode=True
    )

    def run(argv: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
        status, out, err = module.run_command(argv, environ_update=environment)
        return status, out, err

    wanted = module.params["version"]
    answer = gpu_smi.ask(run)
    tried = answer.state == gpu_smi.NO_DRIVER and not module.check_mode
    if tried:
        module.run_command(["modprobe", "nvidia"])
        answer = gpu_smi.ask(run)
    if answer.state == gpu_smi.ANSWERED and numbers(answer.driver) >= numbers(wanted):
        module.exit_json(changed=tried, loaded=answer.driver)
    if module.check_mode:
        module.exit_json(changed=True, loaded="", msg="unknown until the guest driver is installed")
    said = f"driver {answer.driver} answers" if answer.driver else answer.detail
    module.fail_json(
        msg=f"guest driver {wanted} is installed and does not run yet: {said}".replace("  ", " "),
        code="reboot-required",
        hint="reboot, then run `graphistry-airgap install --resume`",
    )


if __name__ == "__main__":
    main()
