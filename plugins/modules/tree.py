#!/usr/bin/python
"""Ansible module: lay down the release of a bundle, each byte checked while it is copied."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tree
short_description: Lay down a verified release
version_added: "0.1.0"
description:
  - Copies the listed files, compares each with its sha256 while it is copied, and moves them to their
    places only when all are right. A file that is right already is not touched.
  - Files below C(data/) are put there when they are absent and never overwritten.
  - Files that the list does not name are left alone.
options:
  source:
    description: Directory of the release in the bundle.
    type: path
    required: true
  dest:
    description: Directory of this release on the host.
    type: path
    required: true
  files:
    description: Path to C(sha256) and optional octal C(mode), for every file of the release.
    type: dict
    required: true
  directories:
    description: Directories that the release ships empty; made when they are absent.
    type: list
    elements: str
    default: []
  replaced:
    description: Directory that keeps a copy of each file that is replaced.
    type: path
    required: true
  link:
    description:
      - Symbolic link that points at C(dest) once all is laid down, by its relative path.
      - A directory or a file in its place is refused.
    type: path
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows digests and permissions.
"""

EXAMPLES = r"""
- name: Lay down a release
  graphistry.airgap.tree:
    source: /media/bundle/release
    dest: /var/graphistry/releases/2.50.1
    files:
      VERSION:
        sha256: 7c5af5843d093f1fbfa855f782682a56966bf9909441a6f47d81408131490426
      graphistry:
        sha256: a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf
        mode: "0755"
    directories: [data/uploads]
    replaced: /var/lib/graphistry-airgap/replaced
    link: /var/graphistry/current
"""

RETURN = r"""
changes:
  description: Each file and directory that differs, and the link, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
copied:
  description: Files that were copied.
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
path:
  description: The file or directory that is wrong, relative to the release; the link with its whole path.
  returned: failure, where it is one
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import tree


def main() -> None:
    tree.run(AnsibleModule(tree.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
