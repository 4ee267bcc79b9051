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
    bundle: "{{ lookup('ansible.builtin.file', '/media/bundle/bundle.json') | from_json }}"
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

import hashlib
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.host import files as placing
from ..module_utils.host.machine import Host
from ..module_utils.packages import systems as package_systems
from ..module_utils.packages.model import PackageError, Settings

STAMP = "lists.stamp"
MODE = 0o644


def of_files(settings: Settings, wrong: list[Path]) -> list[change.Change]:
    there = [path for path in wrong if path.is_file()]
    before = {str(path): change.file_state(path.read_bytes(), placing.mode_of(path)) for path in there}
    after = {str(path): change.file_state(settings.files[path], MODE) for path in wrong}
    found: list[change.Change] = change.compared("repository", "file", before, after)
    return found


def of_lists(lists: Path, stamp: str | None, settings: Settings) -> list[change.Change]:
    """The lists by what they were read from."""

    def told(text: str | None) -> dict[str, str] | None:
        return None if text is None else {"stamp": hashlib.sha256(text.encode()).hexdigest()}

    before = told(stamp) if lists.is_dir() else None
    found: list[change.Change] = change.compared(
        "repository", "directory", {str(lists): before}, {str(lists): told(settings.stamp)}
    )
    return found


def of_keys(missing: list[dict[str, str]]) -> list[change.Change]:
    after = {key["name"]: {"owner": key["owner"]} for key in missing}
    found: list[change.Change] = change.compared("repository", "key", {}, after)
    return found


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
        known = stamp.read_text(encoding="ascii") if stamp.is_file() else None
        wrong = [
            path for path, data in settings.files.items() if not path.is_file() or path.read_bytes() != data
        ]
        changes = [*of_files(settings, wrong), *of_lists(state / "lists", known, settings)]
        stale = bool(changes)
        missing = [] if stale else system.missing_keys(settings)
        if stale and not module.check_mode:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            stamp.unlink(missing_ok=True)
            for path in wrong:
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                placing.write_atomic(path, settings.files[path], mode=MODE)
            system.read_lists(settings)
            placing.write_atomic(stamp, settings.stamp.encode(), mode=MODE)
            missing = system.missing_keys(settings)
        if missing and not module.check_mode:
            system.add_keys(settings, missing)
    except PackageError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    unread = module.check_mode and stale and system.has_key_store
    said = change.unknown("repository", changes) if unread else change.answer([*changes, *of_keys(missing)])
    module.exit_json(**said, package_config=os.fspath(settings.config), added_keys=missing)


if __name__ == "__main__":
    main()
