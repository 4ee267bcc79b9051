#!/usr/bin/python3
"""Ansible module: the guest driver that is installed is the one that runs, or a reboot is due."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_loaded
short_description: Have the installed guest driver answer
version_added: "0.1.0"
description:
  - Asks nvidia-smi; where no driver answers, loads the module. What still does not answer, or answers as an
    older driver, ends with C(reboot-required).
options:
  version:
    description: The version that must answer; empty takes any.
    type: str
    default: ""
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the driver.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run, also one that a reboot has to bring.
  diff_mode:
    support: full
    description: Shows the loaded version.
"""

EXAMPLES = r"""
- name: See that a guest driver runs that is new enough
  graphistry.airgap.vgpu_loaded:
    version: 550.144.03
"""

RETURN = r"""
changes:
  description: The module that is loaded, as data.
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
loaded:
  description: The version that answers.
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
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.driver import changes as driver_changes, signing as driver_signing
from ..module_utils.gpu import smi as gpu_smi
from ..module_utils.gpu.knowledge import numbers
from ..module_utils.host import refusal
from ..module_utils.host.machine import Host
from ..module_utils.vgpu import changes as vgpu_changes, driver as vgpu_driver

NOUVEAU = Path("/sys/module/nouveau")


def load(module: AnsibleModule) -> str:
    """Load the module where nothing holds the GPU; what modprobe says where it cannot."""
    if NOUVEAU.exists():
        return ""
    status, out, error = module.run_command(["modprobe", "nvidia"])
    said = refusal.words(out, error)
    if driver_signing.is_rejected(said):
        ours = "the kernel refuses the guest driver's module: Secure Boot does not know its key"
        module.fail_json(
            msg=refusal.told(ours, said),
            code="driver-modules-rejected",
            hint=driver_signing.ENROL,
        )
    return said if status else ""


def obstacle(answer: gpu_smi.Answer) -> str:
    if answer.driver:
        return f"driver {answer.driver} is still loaded"
    return "nouveau still has the GPU" if NOUVEAU.exists() else answer.detail


def foretold(module: AnsibleModule, host: Host, before: str) -> dict[str, Any]:
    """The driver that is installed will be the loaded one, unless an earlier task brings another."""
    installed = vgpu_driver.installed_version(host)
    waits_for = module.params["waits_for"]
    if waits_for or not installed or numbers(installed) < numbers(module.params["version"]):
        return dict(change.unknown(waits_for or "driver"))
    return dict(change.answer(driver_changes.of_loaded(vgpu_changes.SUBJECT, before, installed)))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "default": ""},
            "waits_for": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )

    host = Host.of_module(module.run_command)
    wanted = module.params["version"]
    before = answer = gpu_smi.ask(host.run)
    said = ""
    if answer.state == gpu_smi.NO_DRIVER and not module.check_mode:
        said = load(module)
        answer = gpu_smi.ask(host.run)
    if answer.state == gpu_smi.ANSWERED and numbers(answer.driver) >= numbers(wanted):
        changes = driver_changes.of_loaded(vgpu_changes.SUBJECT, before.driver, answer.driver)
        module.exit_json(**change.answer(changes), loaded=answer.driver)
    if module.check_mode:
        module.exit_json(**foretold(module, host, before.driver), loaded="")
    ours = f"the guest driver {wanted} is installed, but {obstacle(answer)}: a reboot is due"
    module.fail_json(
        msg=refusal.first(said, ours),
        code="reboot-required",
        hint="restart the host",
    )


if __name__ == "__main__":
    main()
