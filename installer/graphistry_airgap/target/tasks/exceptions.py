"""Task: the exceptions to a host's hardening that the site file allows, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import change
from ..hardening import exceptions
from ..host.machine import Host

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, dict[str, Any]] = {
    "allow": {
        "type": "list",
        "elements": "str",
        "choices": [*exceptions.STIG],
        "default": [],
    },
    "sysctl_content": {"type": "str", "required": True},
}


def run(module: AnsibleModule) -> None:
    host = Host.of_module(module.run_command)
    allow, text = module.params["allow"], module.params["sysctl_content"].encode()
    try:
        changes = [*exceptions.forwarding(host, allow, text), *exceptions.trust(host, allow)]
        answer = change.answer(changes, exceptions.diffs(host, changes, text))
        if not module.check_mode:
            exceptions.carry_out(host, changes, text)
        made = exceptions.made(host)
    except OSError as error:
        module.fail_json(
            msg=f"an exception to the host's hardening cannot be written: {error}",
            code="exception-not-written",
            hint=f"let root write {error.filename}, then run the same install again",
        )
    module.exit_json(**answer, exceptions=made)
