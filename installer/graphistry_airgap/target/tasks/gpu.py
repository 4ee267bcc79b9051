"""Task: find the GPUs of a host and plan the settings for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import finding as findings
from ..gpu import (
    discovery as gpu_host,
    options as gpu_options,
    plan as gpu_plan,
    smi as gpu_smi,
)
from ..host import refusal
from ..host.machine import Host

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, dict[str, Any]] = {"desired": {"type": "dict", "required": True}}


def run(module: AnsibleModule) -> None:
    try:
        found, plan = gpu_host.plan_host(Host.of_module(module.run_command), module.params["desired"])
    except gpu_options.OptionError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    document = {**plan.as_dict(), "driver": found.answer.driver}
    result = {"gpu_plan": document, "ansible_facts": {"airgap_gpu": found.as_dict()}}
    if found.answer.state != gpu_smi.ANSWERED:
        module.fail_json(
            msg=refusal.first(found.answer.detail, "no NVIDIA driver answers"),
            code="host-gpu-driver",
            hint="see `dmesg` and `nvidia-smi`; restart the host if the driver is new, then try again",
            **result,
        )
    if plan.refusals:
        module.fail_json(**findings.together(plan.refusals), **result)
    absent = [name for name in gpu_plan.NAMES if name not in plan.env]
    module.exit_json(changed=False, absent=absent, **result)
