#!/usr/bin/python
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
  - graphistry.airgap.verified
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
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.vgpu import driver


def main() -> None:
    driver.run(AnsibleModule(driver.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
