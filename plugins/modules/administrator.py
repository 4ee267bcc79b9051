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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import administrator


def main() -> None:
    administrator.run(AnsibleModule(administrator.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
