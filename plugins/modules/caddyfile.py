#!/usr/bin/python
"""Ansible module: the Caddyfile of a release, checked by the release's own Caddy before it lands."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caddyfile
short_description: Put a Caddyfile in place, or the vendor's one back
version_added: "0.1.0"
description:
  - With C(content), validates it in a container of the release's own Caddy image without network, keeps
    the vendor's file and replaces it.
  - Without C(content), puts the vendor's file back where this module replaced it, and else does nothing.
options:
  directory:
    description: The release directory.
    type: path
    required: true
  content:
    description: The whole Caddyfile; empty means the vendor's own. Its first line must be the mark.
    type: str
    default: ''
  mark:
    description: First line of each Caddyfile that this module writes.
    type: str
    required: true
  replaced:
    description: Directory that keeps a copy of the vendor's file.
    type: path
    required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run; a Caddyfile is validated in the run alone.
  diff_mode:
    support: full
    description: Shows both Caddyfiles in full.
"""

EXAMPLES = r"""
- name: Serve what the site's own Caddyfile says
  graphistry.airgap.caddyfile:
    directory: /var/graphistry/current
    mark: "# Caddyfile of graphistry.example.internal"
    # the template begins with the mark
    content: "{{ lookup('ansible.builtin.template', 'Caddyfile.j2') }}"
    replaced: /var/lib/graphistry-airgap/replaced

- name: Put the vendor's Caddyfile back
  graphistry.airgap.caddyfile:
    directory: /var/graphistry/current
    mark: "# Caddyfile of graphistry.example.internal"
    replaced: /var/lib/graphistry-airgap/replaced
"""

RETURN = r"""
changes:
  description: The file, as data.
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
path:
  description: The Caddyfile.
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

from ..module_utils.tasks import caddyfile


def main() -> None:
    caddyfile.run(AnsibleModule(caddyfile.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
