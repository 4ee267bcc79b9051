#!/usr/bin/python
"""Ansible module: bring packages to the versions of a bundle's lock, in one transaction."""

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
short_description: Install exact package versions from the bundle
version_added: "0.1.0"
description:
  - Installs, in one transaction, those packages whose installed version is older than the wanted one
    or absent. A newer version satisfies; nothing is downgraded and nothing is removed.
  - A package that is on hold and too old is an error. Work that a killed transaction left unfinished is
    finished first, also where nothing is to be installed; DKMS builds nothing meanwhile.
options:
  packages:
    description: Packages with the versions that they must at least have.
    type: list
    elements: dict
    required: true
  package_config:
    description: Settings of the package manager that M(graphistry.airgap.repository) wrote.
    type: path
    required: true
  lock_timeout:
    description: Seconds to wait for another package manager.
    type: int
    default: 120
  rewritten:
    description: Files that scripts of the packages rewrite; copies are kept before anything is installed.
    type: list
    elements: path
    default: []
  replaced:
    description: Directory that keeps those copies.
    type: path
    default: /var/lib/graphistry-airgap/replaced
  without_dkms:
    description: Let DKMS build nothing meanwhile; M(graphistry.airgap.driver_modules) does that afterwards.
    type: bool
    default: false
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.shapes.packages
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows each package with its versions.
"""

EXAMPLES = r"""
- name: Install Docker from the bundle
  graphistry.airgap.packages:
    packages: "{{ bundle.platforms['debian-13'].packages.docker }}"
    package_config: /var/lib/graphistry-airgap/apt/apt.conf
  vars:
    bundle: "{{ lookup('ansible.builtin.file', '/media/bundle/bundle.json') | from_json }}"

- name: Bring one package to a version
  graphistry.airgap.packages:
    packages:
      - name: docker.io
        version: 26.1.5+dfsg1-9+b9
        architecture: amd64
    package_config: /var/lib/graphistry-airgap/apt/apt.conf
    lock_timeout: 600
"""

RETURN = r"""
changes:
  description: Each package whose version or state differs, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
installed:
  description: One entry with name, from and to for each package that was changed.
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

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.driver import dkms_flag
from ..module_utils.host import files as placing
from ..module_utils.host.machine import Host
from ..module_utils.packages import (
    model as packages,
    systems as package_systems,
    words as package_words,
)

if TYPE_CHECKING:
    from ..module_utils.packages.model import Change, PackageSystem


def refuse_held(module: AnsibleModule, needed: list[Change], unhold: str) -> None:
    held = [one for one in needed if one.held]
    if held:
        names = ", ".join(f"{c.name} {c.before or '(not installed)'} (needed: {c.version})" for c in held)
        module.fail_json(
            msg=f"packages on hold are older than the bundle needs: {names}",
            code="host-package-held",
            hint=f"take them off hold: {unhold.format(' '.join(c.name for c in held))}",
        )


def wait_for_lock(module: AnsibleModule, system: PackageSystem) -> None:
    limit = module.params["lock_timeout"]
    deadline = time.monotonic() + limit
    holder = system.lock()
    while holder is not None and time.monotonic() < deadline:
        time.sleep(1)
        holder = system.lock()
    if holder is not None:
        module.fail_json(
            msg=f"the package lock {holder.path} is held by process {holder.pid} ({holder.process}), "
            f"still after {limit} s",
            code="package-lock-held",
            hint="let that process end, then run the same install again",
        )


def bring(module: AnsibleModule, system: PackageSystem, config: Path) -> None:
    """Finish what was begun, install what is still wanted, and see that it is there."""
    wanted = module.params["packages"]
    if any(package.unfinished for package in system.installed()):
        system.finish_interrupted(config)
    if still := packages.changes(wanted, system.installed(), system):
        system.install(config, still, module.params["lock_timeout"])
    if left := packages.changes(wanted, system.installed(), system):
        names = " ".join(one.name for one in left)
        raise packages.PackageError(
            f"{config.stem} reported success, yet these are not installed: {names}",
            code="package-transaction-failed",
            hint="see the package manager's own log, then run the same install again",
        )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "dict", "required": True},
            "package_config": {"type": "path", "required": True},
            "lock_timeout": {"type": "int", "default": packages.LOCK_TIMEOUT},
            "rewritten": {"type": "list", "elements": "path", "default": []},
            "replaced": {"type": "path", "default": "/var/lib/graphistry-airgap/replaced"},
            "without_dkms": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    config = Path(module.params["package_config"])
    system = package_systems.of_settings(config, Host.of_module(module.run_command))
    present = system.installed()
    needed = packages.changes(module.params["packages"], present, system)
    refuse_held(module, needed, package_words.of(config.stem).unhold)
    # while the lock is held, a half-done transaction is somebody's work
    unfinished = any(package.unfinished for package in present) and system.lock() is None
    changes = packages.told(needed, present, unfinished=unfinished)
    if changes and not module.check_mode:
        wait_for_lock(module, system)
        for name in module.params["rewritten"]:
            placing.keep_replaced(Path(name), Path(module.params["replaced"]))
        try:
            with dkms_flag.raised() if module.params["without_dkms"] or unfinished else nullcontext():
                bring(module, system, config)
        except packages.PackageError as error:
            module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    module.exit_json(**change.answer(changes), installed=[one.as_dict() for one in needed])


if __name__ == "__main__":
    main()
