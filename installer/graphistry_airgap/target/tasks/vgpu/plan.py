"""Task: what has to be done for a vGPU guest's driver, or why nothing can be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...finding import errors, in_order, together
from ...host.machine import Host
from ...preflight.judges import (
    vgpu as findings_vgpu,
    vgpu_licence as findings_vgpu_licence,
)
from ...preflight.probes import vgpu as probe_vgpu
from ...vgpu import driver as vgpu_driver
from .. import ticket

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

JUDGES = (
    findings_vgpu.guest,
    findings_vgpu.profiles,
    findings_vgpu.driver,
    findings_vgpu_licence.licence,
)


ARGUMENTS: dict[str, dict[str, Any]] = {
    "desired": {"type": "dict", "required": True},
    "bundle": {"type": "path", "required": True},
}


def run(module: AnsibleModule) -> None:
    desired = module.params["desired"]
    ticket.require_files(module, Path(module.params["bundle"]), desired["driver"], desired["token"])
    requirements = {"vgpu": desired, "gpu": {}, "bundle": module.params["bundle"]}
    requirements |= {"platform": desired["platform"], "purpose": desired["purpose"]}
    found = probe_vgpu.discovered(Host.of_module(module.run_command), requirements)
    stopping = errors(in_order(item for one in JUDGES for item in one({"vgpu": found}, requirements)))
    if stopping:
        module.fail_json(**together(stopping))
    decision = vgpu_driver.decide(found["driver"], desired["driver"])
    install = decision.action == vgpu_driver.INSTALL
    module.exit_json(
        changed=False,
        install=install,
        kernel=found["kernel"],
        packages=vgpu_driver.build_packages(found["driver"], desired, found["kernel"]) if install else [],
        reason=decision.reason,
    )
