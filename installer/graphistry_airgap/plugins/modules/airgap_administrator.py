#!/usr/bin/python
"""Ansible module: the product's first administrator, made before anybody can reach it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_administrator
short_description: Make the first administrator through the release's own script
description:
  - Asks the release for its accounts and makes the administrator only when there is none of that name.
  - The password goes to the script in its environment, never as an argument.
options:
  directory:
    description: The release directory.
    type: path
    required: true
  secret_file:
    description: "File with C(username), C(email) and C(password), one C(key: value) a line."
    type: path
    required: true
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
username:
  description: The account that exists now.
  returned: always
  type: str
"""

from pathlib import Path

from ansible.module_utils.airgap.probe_site import ADMINISTRATOR_KEYS, parse_flat
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
        said = (error or out).strip()
        # before it is cut: Ansible would not know half a password
        for secret in module.no_log_values:
            said = said.replace(secret, "********")
        module.fail_json(
            msg=f"{SCRIPT} with CMD_NAME={command} ended with {code}: {said[-800:]}",
            code="administrator-failed",
            hint=f"see `./graphistry logs nexus` in {module.params['directory']}, then install again",
        )
    return str(out)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "secret_file": {"type": "path", "required": True, "no_log": False},
        },
        supports_check_mode=True,
    )
    if module.check_mode and not (Path(module.params["directory"]) / SCRIPT).exists():
        module.exit_json(changed=True, msg="unknown until the release is installed")
    credentials = read(module, Path(module.params["secret_file"]))
    accounts = {line.strip() for line in call(module, "list_accounts", {}).splitlines()}
    missing = credentials["username"] not in accounts
    if missing and not module.check_mode:
        names = {f"GRAPHISTRY_{key.upper()}": credentials[key] for key in ADMINISTRATOR_KEYS}
        call(module, "create_user", names)
    module.exit_json(changed=missing, username=credentials["username"])


if __name__ == "__main__":
    main()
