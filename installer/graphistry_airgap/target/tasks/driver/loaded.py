"""Task: the installed driver loaded, or a reboot asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...driver import changes as driver_changes, signing as driver_signing
from ...finding import WARNING, Finding
from ...gpu import pci as gpu_pci
from ...host import refusal
from ...host.machine import Host

if TYPE_CHECKING:
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
            hint=driver_signing.enrol(Host.of_module(module.run_command)),
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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "version": {"type": "str", "required": True},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
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
