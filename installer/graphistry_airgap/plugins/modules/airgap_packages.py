#!/usr/bin/python
"""Ansible module: bring packages to the versions of a bundle's lock, in one transaction."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_packages
short_description: Install exact package versions from the bundle
description:
  - Installs, in one C(apt-get) run, those packages whose installed version is older than the wanted one
    or absent. A newer version satisfies; nothing is downgraded and nothing is removed.
  - A package that is on hold and too old is an error. Work that dpkg left unfinished is finished first, also
    where nothing is to be installed; DKMS builds nothing meanwhile.
options:
  packages:
    description: Packages with C(name), C(version) and, where it matters, C(architecture).
    type: list
    elements: dict
    required: true
  apt_config:
    description: The file that APT_CONFIG names; it must know the bundle's repositories.
    type: path
    required: true
  lock_timeout:
    description: Seconds to wait for another package manager.
    type: int
    default: 120
  lock_file:
    description: The lock that package managers share.
    type: path
    default: /var/lib/dpkg/lock-frontend
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

from ansible.module_utils.airgap import dkms_flag, packages
from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from collections.abc import Callable


def query(module: AnsibleModule) -> list[packages.Installed]:
    """All packages at once: one process whatever the number."""
    _, out, _ = module.run_command(["dpkg-query", "-W", "-f", packages.QUERY], check_rc=True)
    found: list[packages.Installed] = packages.read_query(out)
    return found


def is_older(module: AnsibleModule) -> Callable[[str, str], bool]:
    def older(left: str, right: str) -> bool:
        # dpkg's own order, which knows epochs and tildes
        return bool(module.run_command(["dpkg", "--compare-versions", left, "lt", right])[0] == 0)

    return older


def refuse_held(module: AnsibleModule, needed: list[packages.Change]) -> None:
    held = [change for change in needed if change.held]
    if held:
        names = ", ".join(f"{c.name} {c.before or '(not installed)'} (needed: {c.version})" for c in held)
        module.fail_json(
            msg=f"packages on hold are older than the bundle needs: {names}",
            code="host-package-held",
            hint=f"take them off hold: apt-mark unhold {' '.join(c.name for c in held)}",
        )


def wait_for_lock(module: AnsibleModule) -> None:
    path, limit = Path(module.params["lock_file"]), module.params["lock_timeout"]
    deadline = time.monotonic() + limit
    holder = packages.lock_holder(path)
    while holder is not None and time.monotonic() < deadline:
        time.sleep(1)
        holder = packages.lock_holder(path)
    if holder is not None:
        module.fail_json(
            msg=f"the package lock {path} is held by process {holder} ({packages.command_of(holder)}), "
            f"still after {limit} s",
            code="package-lock-held",
            hint="let that process end, then run the same install again",
        )


def is_free(module: AnsibleModule) -> bool:
    return packages.lock_holder(Path(module.params["lock_file"])) is None


def finish_interrupted(module: AnsibleModule) -> None:
    # apt refuses to work before this; it is what a killed transaction leaves to do
    command = ["dpkg", "--configure", "--pending", *packages.KEEP_FILES]
    code, out, error = module.run_command(command, environ_update=packages.ENVIRONMENT)
    if code:
        failed(
            module, "packages that an earlier transaction left unfinished cannot be configured", error or out
        )


def install(module: AnsibleModule, needed: list[packages.Change]) -> None:
    # Ansible's apt module takes no exact list in one transaction without asking the host's own sources
    command = ["apt-get", "--quiet", "--yes", "--no-install-recommends", "--no-remove"]
    command += ["-o", f"DPkg::Lock::Timeout={module.params['lock_timeout']}"]
    for option in packages.KEEP_FILES:
        command += ["-o", f"Dpkg::Options::={option}"]
    command += ["install", *(f"{change.name}={change.version}" for change in needed)]
    environment = {**packages.ENVIRONMENT, "APT_CONFIG": module.params["apt_config"]}
    code, out, error = module.run_command(command, environ_update=environment)
    if code:
        failed(module, "apt cannot install the bundle's packages", error or out)


def bring(module: AnsibleModule, wanted: list[dict[str, str]]) -> None:
    """Finish what was begun, install what is still wanted, and see that it is there."""
    if any(package.unfinished for package in query(module)):
        finish_interrupted(module)
    still = packages.changes(wanted, query(module), older=is_older(module))
    if still:
        install(module, still)
    left = packages.changes(wanted, query(module), older=is_older(module))
    if left:
        names = " ".join(change.name for change in left)
        failed(module, "apt reported success, yet these are not installed", names)


def failed(module: AnsibleModule, what: str, output: str) -> None:
    module.fail_json(
        msg=f"{what}:\n{output.strip()[-1500:]}",
        code="package-transaction-failed",
        hint="mend what apt reports (held, pinned or conflicting packages), then run the same install again",
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "dict", "required": True},
            "apt_config": {"type": "path", "required": True},
            "lock_timeout": {"type": "int", "default": packages.LOCK_TIMEOUT},
            "lock_file": {"type": "path", "default": "/var/lib/dpkg/lock-frontend"},
            "without_dkms": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    wanted = module.params["packages"]
    present = query(module)
    needed = packages.changes(wanted, present, older=is_older(module))
    refuse_held(module, needed)
    # while the lock is held, a half-done transaction is somebody's work
    unfinished = any(package.unfinished for package in present) and is_free(module)
    if (needed or unfinished) and not module.check_mode:
        wait_for_lock(module)
        with dkms_flag.raised() if module.params["without_dkms"] or unfinished else nullcontext():
            bring(module, wanted)
    module.exit_json(changed=bool(needed or unfinished), installed=[change.as_dict() for change in needed])


if __name__ == "__main__":
    main()
