#!/usr/bin/python
"""Ansible module: lay down the release of a bundle, each byte checked while it is copied."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_tree
short_description: Lay down a verified release
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
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
copied:
  description: Files that were copied.
  returned: always
  type: list
  elements: str
"""

import os
from pathlib import Path

from ansible.module_utils.airgap import release_tree
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "dest": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "directories": {"type": "list", "elements": "str", "default": []},
            "replaced": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    files = module.params["files"]
    source, dest = Path(module.params["source"]), Path(module.params["dest"])
    # containers read the release as other users, whatever umask a hardened host has
    os.umask(0o022)
    try:
        release_tree.check_names([*files, *module.params["directories"]])
        plan = release_tree.make_plan(dest, files, module.params["directories"])
        if not module.check_mode:
            release_tree.apply_plan(
                plan, source=source, dest=dest, files=files, kept=Path(module.params["replaced"])
            )
    except release_tree.TreeError as error:
        module.fail_json(
            msg=str(error),
            path=error.path,
            code=error.code,
            hint=error.hint,
        )
    except OSError as error:
        module.fail_json(
            msg=f"the release cannot be written to {dest}: {error}",
            code="release-not-written",
            hint="check free space and permissions, then run the same install again",
        )
    module.exit_json(changed=plan != release_tree.NOTHING, copied=plan.copy)


if __name__ == "__main__":
    main()
