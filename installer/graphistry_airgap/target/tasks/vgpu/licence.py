"""Task: a vGPU guest that has its licence."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...vgpu import changes as vgpu_changes, client_token as vgpu_token, gridd as vgpu_gridd

if TYPE_CHECKING:
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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "pending": {"type": "path", "required": True},
    "timeout": {"type": "int", "default": 120},
    "server": {"type": "str", "default": ""},
    "token": {"type": "str", "default": ""},
    "restart": {"type": "bool", "default": False},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
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
