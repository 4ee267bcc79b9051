#!/usr/bin/python
"""Ansible module: the installed driver loaded, or a reboot asked for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_loaded
short_description: Load the driver, or say that a reboot is due
version_added: "0.1.0"
description:
  - On a host without an NVIDIA GPU there is nothing to load.
  - Otherwise the loaded driver must be the installed one. Where none is loaded and nouveau does not hold the
    GPU, it is loaded; where that cannot be, the module fails with the code C(reboot-required). It never
    reboots.
options:
  version:
    description: Version of the installed driver.
    type: str
    required: true
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the driver.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run, also those that a reboot has to bring.
  diff_mode:
    support: full
    description: Shows the loaded version, and the daemon.
"""

EXAMPLES = r"""
- name: Load the driver or ask for a reboot
  graphistry.airgap.driver_loaded:
    version: 550.163.01
"""

RETURN = r"""
changes:
  description: The loaded module, and the persistence daemon, as data.
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
driver_plan:
  description: Under C(loaded), the version of the loaded driver, or nothing.
  returned: success
  type: dict
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where there is a GPU and nothing is waited for
  type: list
  elements: dict
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
"""

import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.driver import changes as driver_changes, signing as driver_signing
from ..module_utils.finding import WARNING, Finding
from ..module_utils.gpu import pci as gpu_pci
from ..module_utils.host import refusal
from ..module_utils.host.machine import Host

LOADED = Path("/proc/driver/nvidia/version")
NOUVEAU = Path("/sys/module/nouveau")
KERNEL = Path("/proc/sys/kernel/osrelease")
DAEMON = "nvidia-persistenced.service"
VERSION = re.compile(r"\s(\d+\.\d+(?:\.\d+)?)\s")


def loaded() -> str:
    try:
        match = VERSION.search(LOADED.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return match[1] if match else ""


def obstacle(module: AnsibleModule) -> tuple[str, str]:
    """Why the driver cannot be used now, and modprobe's words; loads it if nothing stands in the way."""
    wanted, now = module.params["version"], loaded()
    if now:
        return f"driver {now} is still loaded", ""
    if NOUVEAU.exists():
        return "nouveau still has the GPU", ""
    status, out, error = module.run_command(["modprobe", "nvidia"])
    said = refusal.words(out, error)
    if driver_signing.is_rejected(said):
        ours = "the kernel refuses the driver's modules: Secure Boot does not know their key"
        module.fail_json(
            msg=refusal.told(ours, said),
            code="driver-modules-rejected",
            hint=driver_signing.ENROL,
        )
    if status or loaded() != wanted:
        return "it cannot be loaded now", said or "modprobe says nothing"
    return "", ""


def ask_reboot(module: AnsibleModule, why: str, said: str) -> None:
    kernel = KERNEL.read_text(encoding="utf-8").strip()
    ours = f"driver {module.params['version']} is installed for kernel {kernel}, but {why}: a reboot is due"
    module.fail_json(
        msg=refusal.first(said, ours),
        code="reboot-required",
        hint="restart the host",
    )


def is_due(module: AnsibleModule) -> bool:
    """The persistence daemon is enabled and does not run."""
    enabled, _, _ = module.run_command(["systemctl", "is-enabled", "--quiet", DAEMON])
    active, _, _ = module.run_command(["systemctl", "is-active", "--quiet", DAEMON])
    return bool(not enabled and active)


def start_daemon(module: AnsibleModule) -> list[Finding]:
    """Why it does not start; the product works without it, so this is no error."""
    module.run_command(["systemctl", "reset-failed", DAEMON])
    status, out, error = module.run_command(["systemctl", "start", DAEMON])
    return [silent(refusal.words(out, error))] if status else []


def silent(said: str) -> Finding:
    return Finding(
        WARNING,
        "driver-persistence-off",
        refusal.told(f"{DAEMON} does not start", said),
        "not running",
        "running, so that the driver keeps the GPUs initialized while nobody uses them",
        f"see `journalctl -u {DAEMON}`; the product works without it, its first use of a GPU is slower",
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "waits_for": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    wanted, waits_for = module.params["version"], module.params["waits_for"]

    if not gpu_pci.devices(Host.of_module(module.run_command)):
        module.exit_json(**change.answer([]), driver_plan={"loaded": ""})
    now = loaded()
    if module.check_mode and waits_for:
        module.exit_json(**change.unknown(waits_for), driver_plan={"loaded": now})
    driver = driver_changes.of_loaded("driver", now, wanted)
    daemon = driver_changes.of_unit(DAEMON, active=False) if is_due(module) else []
    if module.check_mode:
        module.exit_json(**change.answer([*driver, *daemon]), driver_plan={"loaded": now}, findings=[])
    if driver:
        why, said = obstacle(module)
        if why:
            ask_reboot(module, why, said)
    told = start_daemon(module) if daemon else []
    # what did not start is told, and no change
    done = [*driver, *([] if told else daemon)]
    findings = [one.as_dict() for one in told]
    module.exit_json(**change.answer(done), driver_plan={"loaded": loaded()}, findings=findings)


if __name__ == "__main__":
    main()
