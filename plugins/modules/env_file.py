#!/usr/bin/python
"""Ansible module: the installer's block in an env file, and secrets that are made once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: env_file
short_description: Edit an env file without touching what is not the installer's
version_added: "0.1.0"
description:
  - Keeps settings in one marked block; every byte outside it stays as it is. A name that the operator
    sets outside the block wins and is not written into the block.
  - A secret is made when neither side has it, and is never changed, printed or returned.
  - Written is the whole new file or nothing; a link, a read-only file and one that somebody else has changed
    meanwhile are left as they are.
  - A secret of the operator that is empty or well known is an error and is left as it is.
options:
  path:
    description: The env file; it is created when it is absent.
    type: path
    required: true
  settings:
    description: Names and values that the block must hold.
    type: dict
    default: {}
  absent:
    description: Names that the block must not hold.
    type: list
    elements: str
    default: []
  secrets:
    description: Names of secrets that must exist.
    type: list
    elements: str
    default: []
  mode:
    description: Permissions of the file, octal.
    type: str
    default: '0600'
  replaced:
    description: Directory that keeps a copy of the file before it is changed.
    type: path
    required: true
  mask_key:
    description:
      - Makes the digests that stand for secrets in C(changes) comparable between two answers.
      - Without it they compare within one.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run; a secret that is made is C(generated) in both.
  diff_mode:
    support: full
    description: Shows the installer's block, with digests for secrets; never a line of the operator.
"""

EXAMPLES = r"""
- name: Set the log level and have the secrets made
  graphistry.airgap.env_file:
    path: /var/graphistry/current/data/config/custom.env
    settings:
      AIR_GAPPED: "1"
      LOG_LEVEL: INFO
    secrets:
      - DJANGO_SECRET_KEY
      - GRAPHISTRY_NEXUS_ENCRYPTION_KEYS
      - GRAPHISTRY_NEXUS_SIGNING_KEY
      - GRAPHISTRY_NEXUS_SIGNING_SALT
    replaced: /var/lib/graphistry-airgap/replaced
"""

RETURN = r"""
changes:
  description: The mode of the file and each name of the block that differs, as data.
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
written:
  description: Names whose line in the block was added or changed.
  returned: success, where the release is there
  type: list
  elements: str
generated:
  description: Names of the secrets that were made.
  returned: success, where the release is there
  type: list
  elements: str
overridden:
  description: Names that the operator sets outside the block.
  returned: success, where the release is there
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
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import env_file


def main() -> None:
    env_file.run(AnsibleModule(env_file.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
