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
  credentials:
    description: C(username), C(email) and C(password), as the secret file holds them.
    type: dict
    required: true
    options:
      username: {description: Name to log in with., type: str, required: true}
      email: {description: Address of the account., type: str, required: true}
      password: {description: Its password., type: str, required: true}
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

from ansible.module_utils.basic import AnsibleModule

SCRIPT = "etc/scripts/nexus-command.sh"
LIMIT = "120"


def call(module: AnsibleModule, command: str, environment: dict[str, str]) -> str:
    # the release's own script is the only supported way to its accounts
    words = ["timeout", "--kill-after=10", LIMIT, f"./{SCRIPT}"]
    code, out, error = module.run_command(
        words,
        cwd=module.params["directory"],
        environ_update={"CMD_NAME": command, **environment},
    )
    if code:
        module.fail_json(
            msg=f"{SCRIPT} with CMD_NAME={command} ended with {code}: {(error or out).strip()[-800:]}",
            code="administrator-failed",
            hint=f"see `./graphistry logs nexus` in {module.params['directory']}, then run the same install again",
        )
    return str(out)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "credentials": {
                "type": "dict",
                "required": True,
                "options": {
                    "username": {"type": "str", "required": True},
                    "email": {"type": "str", "required": True},
                    "password": {"type": "str", "required": True, "no_log": True},
                },
            },
        },
        supports_check_mode=True,
    )
    credentials = module.params["credentials"]
    if module.check_mode and not (Path(module.params["directory"]) / SCRIPT).exists():
        module.exit_json(changed=True, msg="unknown until the release is installed")
    accounts = {line.strip() for line in call(module, "list_accounts", {}).splitlines()}
    missing = credentials["username"] not in accounts
    if missing and not module.check_mode:
        names = {f"GRAPHISTRY_{key.upper()}": credentials[key] for key in ("username", "email", "password")}
        call(module, "create_user", names)
    module.exit_json(changed=missing, username=credentials["username"])


if __name__ == "__main__":
    main()
