#!/usr/bin/python3
"""Ansible module: NVIDIA's vGPU guest driver, from the file that the bundle carries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_vgpu_driver
short_description: Install the vGPU guest driver of the bundle
description:
  - Copies the operator's guest driver to a directory of root's own, checks it while it is copied, and
    installs it from there with apt (C(deb)) or with its own installer (C(run)).
  - Does nothing when this version is installed for the running kernel already.
options:
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
  driver:
    description: C(path), C(kind), C(version) and C(sha256) of the guest driver.
    type: dict
    required: true
  package_config:
    description: Settings of the package manager that C(airgap_repository) wrote.
    type: path
    required: true
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
reason:
  description: Why it was installed or left alone.
  returned: always
  type: str
"""

from pathlib import Path

from ansible.module_utils.airgap import vgpu_driver, vgpu_install
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule


def decide(module: AnsibleModule, kernel: str, *, ended: bool = False) -> vgpu_driver.Decision:
    """`ended` is for a look at what an installation of this run has left."""

    driver = module.params["driver"]
    wish = {"driver": driver, "package_system": Path(module.params["package_config"]).stem}
    found = vgpu_driver.probe(Host.of_module(module.run_command), kernel, wish, module.params["bundle"])
    return vgpu_driver.decide({**found, "begun": False} if ended else found, driver)


def install(module: AnsibleModule, wanted: vgpu_install.Wanted) -> None:
    with vgpu_install.own_copy(wanted, [Path(place) for place in vgpu_driver.PLACES]) as copy:
        vgpu_install.install(module.run_command, wanted, copy)
        after = decide(module, wanted.kernel, ended=True)
        if after.action != vgpu_driver.LEAVE:
            raise vgpu_install.GuestDriverError(
                "the guest driver's installer reported success, yet it is not wholly there: " + after.reason,
                code="vgpu-driver-failed",
                hint=f"see {vgpu_install.LOG} and `dkms status`",
            )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "bundle": {"type": "path", "required": True},
            "driver": {"type": "dict", "required": True},
            "package_config": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    driver = module.params["driver"]
    kernel = Host.of_module(module.run_command).word("/proc/sys/kernel/osrelease")
    decision = decide(module, kernel)
    if decision.action != vgpu_driver.INSTALL or module.check_mode:
        module.exit_json(changed=decision.action == vgpu_driver.INSTALL, reason=decision.reason)
    wanted = vgpu_install.Wanted(
        Path(module.params["bundle"]) / driver["path"],
        driver["sha256"],
        driver["kind"],
        kernel,
        module.params["package_config"],
    )
    try:
        install(module, wanted)
    except vgpu_install.GuestDriverError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint, log=error.log)
    except OSError as error:
        module.fail_json(
            msg=f"the guest driver cannot be copied from the bundle: {error}",
            code="vgpu-driver-not-copied",
            hint="check the medium and the free space, then run the same install again",
        )
    module.exit_json(changed=True, reason=decision.reason)


if __name__ == "__main__":
    main()
