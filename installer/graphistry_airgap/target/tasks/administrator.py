"""Task: the product's first administrator, made before anybody can reach it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..host import refusal
from ..preflight.probes.site import ADMINISTRATOR_KEYS, parse_flat

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SCRIPT = "etc/scripts/nexus-command.sh"
LIMIT = "120"


def read(module: AnsibleModule, path: Path) -> dict[str, str]:
    """Read on the host, so that the password is in no variable, event or log of Ansible."""
    try:
        values: dict[str, str] = parse_flat(path.read_text(encoding="utf-8"))
        absent = [key for key in ADMINISTRATOR_KEYS if not values.get(key)]
        if absent:
            raise ValueError(f"it does not name {', '.join(absent)}")
    except (OSError, ValueError) as error:
        module.fail_json(
            msg=f"the administrator file {path} cannot be used: {error}",
            code="administrator-file",
            hint="it needs the lines `username:`, `email:` and `password:`",
        )
    # whatever the product's script prints, this never reaches a log
    module.no_log_values.add(values["password"])
    return values


def call(module: AnsibleModule, command: str, environment: dict[str, str]) -> str:
    # the release's own script is the only supported way to its accounts
    words = ["timeout", "--kill-after=10", LIMIT, f"./{SCRIPT}"]
    code, out, error = module.run_command(
        words,
        cwd=module.params["directory"],
        environ_update={"CMD_NAME": command, **environment},
    )
    if code:
        ours = f"{SCRIPT} with CMD_NAME={command} ended with {code}"
        module.fail_json(
            msg=refusal.told(ours, refusal.words(out, error)),
            code="administrator-failed",
            hint=f"see `./graphistry logs nexus` in {module.params['directory']}, then install again",
        )
    return str(out)


ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "required": True},
    "secret_file": {"type": "path", "required": True, "no_log": False},
}


def run(module: AnsibleModule) -> None:
    if module.check_mode and not (Path(module.params["directory"]) / SCRIPT).exists():
        module.exit_json(**change.unknown("release"))
    credentials = read(module, Path(module.params["secret_file"]))
    accounts = {line.strip() for line in call(module, "list_accounts", {}).splitlines()}
    name = credentials["username"]
    there = {name: {"there": True}}
    changes = change.compared("services", "account", {} if name not in accounts else there, there)
    if changes and not module.check_mode:
        names = {f"GRAPHISTRY_{key.upper()}": credentials[key] for key in ADMINISTRATOR_KEYS}
        call(module, "create_user", names)
    module.exit_json(**change.answer(changes), username=name)
