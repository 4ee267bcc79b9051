#!/usr/bin/python3
"""Ansible module: a vGPU guest that has its licence."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_licence
short_description: Wait for the licence of a vGPU guest
version_added: "0.1.0"
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
  restart:
    description: Whether check mode has left files unwritten for which nvidia-gridd is restarted.
    type: bool
    default: false
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about unit and licence.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run, which then waits for the licence.
  diff_mode:
    support: full
    description: Shows the unit, and for what it is restarted.
"""

EXAMPLES = r"""
- name: Get the licence
  graphistry.airgap.vgpu_licence:
    pending: /var/lib/graphistry-airgap/gridd-restart-due
    timeout: 300
    token: /etc/nvidia/ClientConfigToken/client_configuration_token.tok
    # of graphistry.airgap.vgpu_client, for a check mode that has not written its files
    restart: "{{ client is changed }}"
"""

RETURN = r"""
changes:
  description: The unit of the licence client, as data.
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
vgpu_state:
  description: C(licence), as the receipt shows it.
  returned: always, where nothing is waited for
  type: dict
done:
  description: What was done, from enabled and restarted.
  returned: success
  type: list
  elements: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: The last lines of nvidia-gridd's journal.
  returned: failure
  type: str
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.vgpu import changes as vgpu_changes, client_token as vgpu_token, gridd as vgpu_gridd

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


@dataclass(frozen=True)
class State:
    """`restart` names for what the client is to read anew; one that does not run starts in any case."""

    enabled: bool
    active: bool
    restart: list[str]

    def changes(self) -> list[change.Change]:
        before = {"enabled": self.enabled, "active": self.active}
        found: list[change.Change] = vgpu_changes.of_client(vgpu_gridd.UNIT, before, self.restart)
        return found

    def due(self) -> list[str]:
        restarted = bool(self.restart) or not self.active
        return ([] if self.enabled else ["enabled"]) + (["restarted"] if restarted else [])


def look(module: AnsibleModule, gridd: vgpu_gridd.Gridd) -> State:
    restart = []
    if module.params["restart"] or Path(module.params["pending"]).exists():
        restart = ["configuration"]
    elif not vgpu_gridd.is_licensed(gridd.answer()):
        restart = ["licence"]
    return State(gridd.is_enabled(), gridd.is_active(), restart)


def acquire(module: AnsibleModule, gridd: vgpu_gridd.Gridd, due: list[str]) -> None:
    """From the state that was found to a licensed one."""
    if "enabled" in due:
        gridd.enable()
    if "restarted" in due:
        gridd.reread_units()
        gridd.restart()
    gridd.wait(module.params["timeout"])
    Path(module.params["pending"]).unlink(missing_ok=True)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "pending": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 120},
            "server": {"type": "str", "default": ""},
            "token": {"type": "str", "default": ""},
            "restart": {"type": "bool", "default": False},
            "waits_for": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    if module.check_mode and module.params["waits_for"]:
        module.exit_json(**change.unknown(module.params["waits_for"]), done=[])
    gridd = vgpu_gridd.Gridd(module.run_command)
    state = look(module, gridd)
    done = state.due()
    try:
        if not module.check_mode:
            acquire(module, gridd, done)
    except vgpu_gridd.GriddError as error:
        said = f"; it says:\n{error.log}" if error.log else "; it says nothing in its journal"
        module.fail_json(
            msg=f"{error}, from the licence server {servers(module)}{said}",
            code="vgpu-unlicensed",
            hint=HINT,
            log=error.log,
            vgpu_state={"licence": "not acquired"},
        )
    module.exit_json(**change.answer(state.changes()), done=done, vgpu_state={"licence": "acquired"})


if __name__ == "__main__":
    main()
