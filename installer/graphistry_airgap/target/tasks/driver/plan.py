"""Task: decide about NVIDIA's driver on the host that it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import finding as findings
from ...driver import facts as driver_host, plan as driver_plan
from ...host.machine import Host

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, dict[str, Any]] = {"desired": {"type": "dict", "required": True}}


def run(module: AnsibleModule) -> None:
    desired = module.params["desired"]
    plan = driver_plan.make(driver_host.probe(Host.of_module(module.run_command), desired), desired)
    if plan.refusals:
        module.fail_json(**findings.together(plan.refusals), driver_plan=plan.as_dict())
    module.exit_json(changed=False, driver_plan=plan.as_dict())
