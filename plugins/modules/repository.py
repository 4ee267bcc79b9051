#!/usr/bin/python
"""Ansible module: make the bundle's package repositories usable, and nothing else's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: repository
short_description: Make the package repositories of a bundle usable
version_added: "0.1.0"
description:
  - Writes keys, sources and settings of the package manager under a state directory of the tool and reads the
    package lists of the bundle into it. Nothing of the host's own sources is read or written.
  - The lists are read again only when bundle path, keys, sources or the vendors' signed metadata differ.
options:
  package_system:
    description: Package manager of the platform.
    type: str
    choices: [apt, dnf]
    default: apt
  state:
    description: Directory for everything this module writes.
    type: path
    required: true
  bundle:
    description: Directory of the bundle.
    type: path
    required: true
  repositories:
    description: Repositories as C(bundle.json) lists them.
    type: list
    elements: dict
    required: true
  digests:
    description: Hex sha256 of keyrings by their path in the bundle; a keyring that differs is refused.
    type: dict
    default: {}
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
  - graphistry.airgap.shapes.repositories
attributes:
  check_mode:
    support: full
    description: Foretells the very files; which keys the host's own store lacks, the lists have to say.
  diff_mode:
    support: full
    description: Shows digests.
"""

EXAMPLES = r"""
- name: Make the packages of a bundle installable
  graphistry.airgap.repository:
    bundle: /media/bundle
    state: /var/lib/graphistry-airgap/apt
    repositories: "{{ bundle.platforms['debian-13'].repositories }}"
    digests: "{{ dict(bundle.files | zip(bundle.files.values() | map(attribute='sha256'))) }}"
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
  register: repository
"""

RETURN = r"""
changes:
  description: Files of the package manager, its lists, and keys in its own store, as data.
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
package_config:
  description: Settings of the package manager that see the bundle and nothing else.
  returned: success
  type: str
added_keys:
  description: Keys that were put into the package manager's own store, with name and owner.
  returned: success
  type: list
  elements: dict
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

from ..module_utils.tasks import repository


def main() -> None:
    repository.run(AnsibleModule(repository.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
