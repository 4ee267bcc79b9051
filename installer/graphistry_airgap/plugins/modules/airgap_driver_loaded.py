#!/usr/bin/python
"""Ansible module: the installed driver loaded, or a reboot asked for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_driver_loaded
short_description: Load the driver, or say that a reboot is due
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
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
driver_plan:
  description: Under C(loaded), the version of the loaded driver, or nothing.
  returned: success
  type: dict
"""

import re
from pathlib import Path

from ansible.module_utils.airgap import driver_signing, gpu_pci
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

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


def obstacle(module: AnsibleModule) -> str:
    """Why the driver cannot be used now; loads it if nothing stands in the way."""
    wanted, now = module.params["version"], loaded()
    if now:
        return f"driver {now} is still loaded"
    if NOUVEAU.exists():
        return "nouveau still has the GPU"
    status, out, error = module.run_command(["modprobe", "nvidia"])
    said = (error or out).strip()[-500:]
    if driver_signing.is_rejected(said):
        module.fail_json(
            msg=f"the kernel refuses the driver's modules: Secure Boot does not know their key ({said})",
            code="driver-modules-rejected",
            hint=driver_signing.ENROL,
        )
    if status or loaded() != wanted:
        return f"it cannot be loaded now: {said or 'modprobe says nothing'}"
    return ""


def ask_reboot(module: AnsibleModule, why: str) -> None:
    kernel = KERNEL.read_text(encoding="utf-8").strip()
    module.fail_json(
        msg=f"driver {module.params['version']} is installed for kernel {kernel}, but {why}: a reboot is due",
        code="reboot-required",
        hint="restart the host",
    )


def start_daemon(module: AnsibleModule) -> bool:
    """Start the persistence daemon where it is enabled and not running."""
    enabled, _, _ = module.run_command(["systemctl", "is-enabled", "--quiet", DAEMON])
    active, _, _ = module.run_command(["systemctl", "is-active", "--quiet", DAEMON])
    if enabled or not active:
        return False
    if not module.check_mode:
        module.run_command(["systemctl", "reset-failed", DAEMON])
        status, out, error = module.run_command(["systemctl", "start", DAEMON])
        if status:
            module.warn(f"{DAEMON} does not start: {(error or out).strip()[-500:]}")
    return True


def main() -> None:
    module = AnsibleModule(
        argument_spec={"version": {"type": "str", "required": True}}, supports_check_mode=True
    )

    if not gpu_pci.devices(Host.of_module(module.run_command)):
        module.exit_json(changed=False, driver_plan={"loaded": ""})
    changed = loaded() != module.params["version"]
    if changed and not module.check_mode:
        why = obstacle(module)
        if why:
            ask_reboot(module, why)
    started = start_daemon(module) if loaded() else False
    module.exit_json(changed=changed or started, driver_plan={"loaded": loaded()})


if __name__ == "__main__":
    main()
