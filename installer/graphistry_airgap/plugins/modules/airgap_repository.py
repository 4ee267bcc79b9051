#!/usr/bin/python
"""Ansible module: make the bundle's package repositories usable, and nothing else's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_repository
short_description: Make the package repositories of a bundle usable
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
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
package_config:
  description: Settings of the package manager that see the bundle and nothing else.
  returned: always
  type: str
added_keys:
  description: Keys that were put into the package manager's own store, with name and owner.
  returned: always
  type: list
  elements: dict
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import package_systems, placing
from ansible.module_utils.airgap.packages import PackageError
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

STAMP = "lists.stamp"


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "package_system": {"type": "str", "choices": ["apt", "dnf"], "default": "apt"},
            "state": {"type": "path", "required": True},
            "bundle": {"type": "path", "required": True},
            "repositories": {"type": "list", "elements": "dict", "required": True},
            "digests": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    params: dict[str, Any] = module.params
    state = Path(params["state"])
    system = package_systems.of(params["package_system"], Host.of_module(module.run_command))
    try:
        settings = system.settings(state, Path(params["bundle"]), params["repositories"], params["digests"])
        stamp = state / STAMP
        stale = not stamp.is_file() or stamp.read_text(encoding="ascii") != settings.stamp
        wrong = [
            path for path, data in settings.files.items() if not path.is_file() or path.read_bytes() != data
        ]
        changed = stale or bool(wrong) or not (state / "lists").is_dir()
        missing = [] if changed else system.missing_keys(settings)
        if changed and not module.check_mode:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            stamp.unlink(missing_ok=True)
            for path in wrong:
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                placing.write_atomic(path, settings.files[path], mode=0o644)
            system.read_lists(settings)
            placing.write_atomic(stamp, settings.stamp.encode(), mode=0o644)
            missing = system.missing_keys(settings)
        if missing and not module.check_mode:
            system.add_keys(settings, missing)
    except PackageError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    module.exit_json(
        changed=changed or bool(missing), package_config=os.fspath(settings.config), added_keys=missing
    )


if __name__ == "__main__":
    main()
