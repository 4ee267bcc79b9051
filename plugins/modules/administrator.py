#!/usr/bin/python
"""Ansible module: the product's first administrator, made before anybody can reach it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: administrator
short_description: Make the first administrator through the release's own script
version_added: "0.1.0"
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
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Asks for the accounts as the run does; without a running release it waits for that stage.
  diff_mode:
    support: full
    description: Shows the account, never its password.
"""

EXAMPLES = r"""
- name: Make the first administrator
  graphistry.airgap.administrator:
    directory: /var/graphistry/current
    secret_file: /etc/graphistry-airgap/administrator.yml
"""

RETURN = r"""
changes:
  description: The account, as data.
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
username:
  description: The account that exists now.
  returned: success, where the release is there
  type: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.host import refusal
from ..module_utils.preflight.probes.site import ADMINISTRATOR_KEYS, parse_flat

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


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "secret_file": {"type": "path", "required": True, "no_log": False},
        },
        supports_check_mode=True,
    )
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


if __name__ == "__main__":
    main()
