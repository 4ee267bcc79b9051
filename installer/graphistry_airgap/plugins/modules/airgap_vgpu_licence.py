#!/usr/bin/python3
"""Ansible module: a vGPU guest that has its licence."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_vgpu_licence
short_description: Wait for the licence of a vGPU guest
description:
  - Enables nvidia-gridd, restarts it when its files were changed or the guest has no licence, and waits until
    nvidia-smi says that every virtual GPU is licensed.
options:
  pending:
    description: File that exists while a restart of nvidia-gridd is due.
    type: path
    required: true
  timeout:
    description: Seconds to wait for the licence.
    type: int
    default: 120
  server:
    description: The licence server that the site names, for messages.
    type: str
    default: ""
  token:
    description: Path of the token whose server is named in messages instead.
    type: str
    default: ""
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
vgpu_state:
  description: C(licence), as the receipt shows it.
  returned: success
  type: dict
"""

from contextlib import suppress
from pathlib import Path

from ansible.module_utils.airgap import vgpu_gridd, vgpu_token
from ansible.module_utils.basic import AnsibleModule

HINT = (
    "see that the licence server runs, that this guest reaches it (a DLS on 443 and 80, the older kind on "
    "7070) and that it has licences of this class left; then run the same install again"
)


def servers(module: AnsibleModule) -> str:
    """Who was asked: the site's word, else what the token says."""
    found: list[str] = []
    if not module.params["server"] and module.params["token"]:
        with suppress(OSError, vgpu_token.TokenError):
            found = list(vgpu_token.read(Path(module.params["token"]).read_bytes()).servers)
    return module.params["server"] or ", ".join(found) or "which its token does not show"


def acquire(module: AnsibleModule, gridd: vgpu_gridd.Gridd) -> list[str]:
    """What was done to get from the state that was found to a licensed one."""
    pending = Path(module.params["pending"])
    done = [] if gridd.is_enabled() else ["enabled"]
    if pending.exists() or not gridd.is_active() or not vgpu_gridd.is_licensed(gridd.answer()):
        done.append("restarted")
    if module.check_mode:
        return done
    if "enabled" in done:
        gridd.enable()
    if "restarted" in done:
        gridd.reread_units()
        gridd.restart()
    gridd.wait(module.params["timeout"])
    pending.unlink(missing_ok=True)
    return done


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "pending": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 120},
            "server": {"type": "str", "default": ""},
            "token": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    try:
        done = acquire(module, vgpu_gridd.Gridd(module.run_command))
    except vgpu_gridd.GriddError as error:
        said = f"; it says:\n{error.log}" if error.log else "; it says nothing in its journal"
        module.fail_json(
            msg=f"{error}, from the licence server {servers(module)}{said}",
            code="vgpu-unlicensed",
            hint=HINT,
            log=error.log,
            vgpu_state={"licence": "not acquired"},
        )
    module.exit_json(changed=bool(done), done=done, vgpu_state={"licence": "acquired"})


if __name__ == "__main__":
    main()
