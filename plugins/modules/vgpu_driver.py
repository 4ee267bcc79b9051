#!/usr/bin/python3
"""Ansible module: NVIDIA's vGPU guest driver, from the file that the bundle carries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_driver
short_description: Install the vGPU guest driver of the bundle
version_added: "0.1.0"
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
    description: The guest driver.
    type: dict
    required: true
    suboptions:
      path:
        description: Its file, a path inside the bundle.
        type: str
        required: true
      kind:
        description: What kind of file it is.
        type: str
        choices: [deb, run]
        required: true
      version:
        description: NVIDIA's version of it.
        type: str
        required: true
      sha256:
        description: Hex digest of the file; another one is refused.
        type: str
        required: true
  package_config:
    description: Settings of the package manager that M(graphistry.airgap.repository) wrote.
    type: path
    required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run.
  diff_mode:
    support: full
    description: Shows the driver's version, and whether it is whole.
"""

EXAMPLES = r"""
- name: Install the guest driver that the bundle carries
  graphistry.airgap.vgpu_driver:
    bundle: /media/bundle
    driver:
      path: "{{ carried.path }}"
      kind: "{{ carried.kind }}"
      version: "{{ carried.version }}"
      sha256: "{{ bundle.files[carried.path].sha256 }}"
    package_config: /var/lib/graphistry-airgap/apt/apt.conf
  vars:
    bundle: "{{ lookup('ansible.builtin.file', '/media/bundle/bundle.json') | from_json }}"
    carried: "{{ bundle.platforms['debian-13'].vgpu.driver }}"
"""

RETURN = r"""
changes:
  description: The guest driver that is installed, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
reason:
  description: Why it was installed or left alone.
  returned: success
  type: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: The end of the installer's log.
  returned: failure, where the installer fails
  type: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.host.machine import Host
from ..module_utils.vgpu import changes as vgpu_changes, driver as vgpu_driver, install as vgpu_install


def probe(module: AnsibleModule, kernel: str) -> dict[str, Any]:
    driver = module.params["driver"]
    desired = {"driver": driver, "package_system": Path(module.params["package_config"]).stem}
    found: dict[str, Any] = vgpu_driver.probe(
        Host.of_module(module.run_command), kernel, desired, module.params["bundle"]
    )
    return found


def install(module: AnsibleModule, wanted: vgpu_install.Wanted) -> None:
    with vgpu_install.own_copy(wanted, [Path(place) for place in vgpu_driver.PLACES]) as copy:
        vgpu_install.install(module.run_command, wanted, copy)
        # what says that an installation was begun is gone when this one ends
        found = {**probe(module, wanted.kernel), "begun": False}
        after = vgpu_driver.decide(found, module.params["driver"])
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
    found = probe(module, kernel)
    decision = vgpu_driver.decide(found, driver)
    is_due = decision.action == vgpu_driver.INSTALL
    changes = vgpu_changes.of_driver(found, driver, kernel) if is_due else []
    if not is_due or module.check_mode:
        module.exit_json(**change.answer(changes), reason=decision.reason)
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
    module.exit_json(**change.answer(changes), reason=decision.reason)


if __name__ == "__main__":
    main()
