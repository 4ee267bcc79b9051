"""Task: the guest driver that is installed is the one that runs, or a reboot is due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...driver import changes as driver_changes, signing as driver_signing
from ...gpu import smi as gpu_smi
from ...gpu.knowledge import numbers
from ...host import refusal
from ...host.machine import Host
from ...vgpu import changes as vgpu_changes, driver as vgpu_driver

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

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
            hint=driver_signing.enrol(Host.of_module(module.run_command)),
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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "version": {"type": "str", "default": ""},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
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
