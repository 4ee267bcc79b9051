"""Task: bring packages to the versions of a bundle's lock, in one transaction."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..driver import dkms_flag, kernels as driver_kernels
from ..host import files as placing
from ..host.machine import Host
from ..packages import (
    model as packages,
    systems as package_systems,
    words as package_words,
)
from . import ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible.module_utils.basic import AnsibleModule

    from ..packages.model import Change, PackageSystem


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


def bring(
    module: AnsibleModule, system: PackageSystem, config: Path, wanted: list[Mapping[str, Any]]
) -> None:
    """Finish what was begun, install what is still wanted, and see that it is there."""
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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "packages": {"type": "list", "elements": "dict", "required": True},
    "package_config": {"type": "path", "required": True},
    "lock_timeout": {"type": "int", "default": packages.LOCK_TIMEOUT},
    "rewritten": {"type": "list", "elements": "path", "default": []},
    "replaced": {"type": "path", "default": "/var/lib/graphistry-airgap/replaced"},
    "without_dkms": {"type": "bool", "default": False},
}


def run(module: AnsibleModule) -> None:
    config = Path(module.params["package_config"])
    host = Host.of_module(module.run_command)
    system = package_systems.of_settings(config, host)
    ticket.require(module, system.media(config))
    present = system.installed()
    wanted = packages.of_kernel(module.params["packages"], driver_kernels.running(host))
    needed = packages.changes(wanted, present, system)
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
                bring(module, system, config, wanted)
        except packages.PackageError as error:
            module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    module.exit_json(**change.answer(changes), installed=[one.as_dict() for one in needed])
