"""Task: NVIDIA's vGPU guest driver, from the file that the bundle carries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...host.machine import Host
from ...vgpu import changes as vgpu_changes, driver as vgpu_driver, install as vgpu_install
from .. import ticket

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def probe(module: AnsibleModule, kernel: str) -> dict[str, Any]:
    driver = module.params["driver"]
    desired = {"driver": driver, "package_system": Path(module.params["package_config"]).stem}
    found: dict[str, Any] = vgpu_driver.probe(
        Host.of_module(module.run_command), kernel, desired, module.params["bundle"]
    )
    return found


def install(module: AnsibleModule, wanted: vgpu_install.Wanted) -> None:
    with vgpu_install.own_copy(wanted, [Path(place) for place in vgpu_driver.PLACES]) as copy:
        vgpu_install.install(module.run_command, wanted, copy)
        # what says that an installation was begun is gone when this one ends
        found = {**probe(module, wanted.kernel), "begun": False}
        after = vgpu_driver.decide(found, module.params["driver"])
        if after.action != vgpu_driver.LEAVE:
            raise vgpu_install.GuestDriverError(
                "the guest driver's installer reported success, yet it is not wholly there: " + after.reason,
                code="vgpu-driver-failed",
                hint=f"see {vgpu_install.LOG} and `dkms status`",
            )


ARGUMENTS: dict[str, dict[str, Any]] = {
    "bundle": {"type": "path", "required": True},
    "driver": {"type": "dict", "required": True},
    "package_config": {"type": "path", "required": True},
}


def run(module: AnsibleModule) -> None:
    driver = module.params["driver"]
    ticket.require_files(module, Path(module.params["bundle"]), driver)
    kernel = Host.of_module(module.run_command).word("/proc/sys/kernel/osrelease")
    found = probe(module, kernel)
    decision = vgpu_driver.decide(found, driver)
    is_due = decision.action == vgpu_driver.INSTALL
    changes = vgpu_changes.of_driver(found, driver, kernel) if is_due else []
    if not is_due or module.check_mode:
        module.exit_json(**change.answer(changes), reason=decision.reason)
    wanted = vgpu_install.Wanted(
        Path(module.params["bundle"]) / driver["path"],
        driver["sha256"],
        driver["kind"],
        kernel,
        module.params["package_config"],
    )
    try:
        install(module, wanted)
    except vgpu_install.GuestDriverError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint, log=error.log)
    except OSError as error:
        module.fail_json(
            msg=f"the guest driver cannot be copied from the bundle: {error}",
            code="vgpu-driver-not-copied",
            hint="check the medium and the free space, then run the same install again",
        )
    module.exit_json(**change.answer(changes), reason=decision.reason)
