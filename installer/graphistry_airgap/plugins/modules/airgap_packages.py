#!/usr/bin/python
"""Ansible module: bring packages to the versions of a bundle's lock, in one transaction."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_packages
short_description: Install exact package versions from the bundle
description:
  - Installs, in one transaction, those packages whose installed version is older than the wanted one
    or absent. A newer version satisfies; nothing is downgraded and nothing is removed.
  - A package that is on hold and too old is an error. Work that a killed transaction left unfinished is
    finished first, also where nothing is to be installed; DKMS builds nothing meanwhile.
options:
  packages:
    description: Packages with C(name), C(version) and, where it matters, C(architecture).
    type: list
    elements: dict
    required: true
  package_config:
    description: Settings of the package manager that C(airgap_repository) wrote.
    type: path
    required: true
  lock_timeout:
    description: Seconds to wait for another package manager.
    type: int
    default: 120
  without_dkms:
    description: Let DKMS build nothing meanwhile; C(airgap_driver_modules) does that afterwards.
    type: bool
    default: false
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
installed:
  description: One entry with name, from and to for each package that was changed.
  returned: always
  type: list
  elements: dict
"""

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.airgap import dkms_flag, package_systems, package_words, packages
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from ansible.module_utils.airgap.packages import Change, PackageSystem


def refuse_held(module: AnsibleModule, needed: list[Change], unhold: str) -> None:
    held = [change for change in needed if change.held]
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
        names = " ".join(change.name for change in left)
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
    if (needed or unfinished) and not module.check_mode:
        wait_for_lock(module, system)
        try:
            with dkms_flag.raised() if module.params["without_dkms"] or unfinished else nullcontext():
                bring(module, system, config)
        except packages.PackageError as error:
            module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    module.exit_json(changed=bool(needed or unfinished), installed=[change.as_dict() for change in needed])


if __name__ == "__main__":
    main()
