#!/usr/bin/python
"""Ansible module: NVIDIA's kernel modules, built by DKMS for one kernel or ready-made by packages."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_modules
short_description: Have the driver's modules in order, built by DKMS or ready-made
version_added: "0.1.0"
description:
  - Compares the modules that lie among the kernel's with those that DKMS built, and the kernel's index with
    both. Where anything is missing, of another version or damaged, it is installed anew from the finished
    build, or built anew if that is not whole.
  - DKMS uses all processors. A failed build tells the end of its log and where that is.
  - For no other kernel is anything built, and no kernel is changed.
  - Modules that a package brought ready-made (I(prebuilt)) are looked at alone. Nothing is built.
options:
  dkms:
    description:
      - The name that DKMS knows the modules by. Where no sources of that name are there, those named after
        I(prefix) are taken. Empty where I(prebuilt) is not.
    type: str
    default: ''
  prebuilt:
    description: Kernels whose modules a package brought ready-made; they have to be there, of this version.
    type: list
    elements: str
    default: []
  version:
    description: Version of the driver.
    type: str
    required: true
  modules:
    description: The driver's modules by their own names.
    type: list
    elements: str
    required: true
  prefix:
    description: What the modules' files are called instead of C(nvidia).
    type: str
    required: true
  record:
    description: File that keeps how long the build took.
    type: path
    required: true
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the modules.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows each module with its version.
"""

EXAMPLES = r"""
- name: Build the modules of Debian's driver for the running kernel
  graphistry.airgap.driver_modules:
    dkms: nvidia-current
    version: 550.163.01
    modules: [nvidia, nvidia-modeset, nvidia-drm, nvidia-uvm, nvidia-peermem]
    prefix: nvidia-current
    record: /var/lib/graphistry-airgap/driver-build.json

- name: See whether Ubuntu's modules are there
  graphistry.airgap.driver_modules:
    prebuilt: [6.8.0-45-generic]
    version: 580.126.20
    modules: [nvidia, nvidia-modeset, nvidia-drm, nvidia-uvm, nvidia-peermem]
    prefix: nvidia
    record: /var/lib/graphistry-airgap/driver-build.json
"""

RETURN = r"""
changes:
  description: Each module that is absent, of another version or damaged, as data.
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
driver_plan:
  description:
    - Under C(build), kernel, version, modules and, where this module built them, seconds.
    - Empty with I(prebuilt).
  returned: success
  type: dict
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: Path of DKMS' log; empty where there is none.
  returned: failure, where DKMS fails
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.driver import modules


def main() -> None:
    modules.run(AnsibleModule(modules.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
