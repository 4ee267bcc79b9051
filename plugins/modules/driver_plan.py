#!/usr/bin/python
"""Ansible module: decide about NVIDIA's driver on the host that it is for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_plan
short_description: Decide whether the bundle's NVIDIA driver is installed, and with which modules
version_added: "0.1.0"
description:
  - Looks at GPUs, running kernel, headers, installed drivers, Secure Boot and nouveau, and compares them with
    what the site wants, the bundle has and the release needs. Changes nothing.
  - Fails with what stands against an installation, as preflight would have said it.
options:
  desired:
    description: What the site wants and the bundle has.
    type: dict
    required: true
    suboptions:
      install:
        description: V(auto) where a GPU needs it, V(always), also without a GPU, or V(never).
        type: str
        choices: [auto, always, never]
        required: true
      modules:
        description: Which of NVIDIA's kernel modules; V(auto) takes those that the GPUs need.
        type: str
        choices: [auto, open, proprietary]
        required: true
      replace:
        description: Whether a driver that does not fit the release is replaced.
        type: bool
        required: true
      waive_range:
        description: Whether a driver outside of the release's range is a warning only.
        type: bool
        required: true
      release:
        description: Version of the release.
        type: str
        required: true
      cuda:
        description: CUDA version of the release.
        type: str
        required: true
      platform:
        description: Platform of the bundle, for example V(debian-13).
        type: str
        required: true
      package_system:
        description: Package manager of the platform.
        type: str
        choices: [apt, dnf]
        default: apt
      purpose:
        description: V(server) or V(template).
        type: str
        choices: [server, template]
        required: true
      reboot:
        description: Whether the installer reboots by itself, V(automatic), or not, V(manual).
        type: str
        choices: [manual, automatic]
        required: true
      vgpu:
        description: Whether the site file says that the host is a vGPU guest, whose driver is another one.
        type: bool
        required: true
      bundle:
        description: The driver of the bundle, C(driver) of the platform in C(bundle.json); empty for none.
        type: dict
        required: true
        suboptions:
          branch:
            description: NVIDIA's branch.
            type: str
          version:
            description: NVIDIA's version.
            type: str
          modules:
            description: Which kernel modules there are, V(open), V(proprietary) or both.
            type: list
            elements: str
          kernels:
            description: Kernels whose headers there are.
            type: list
            elements: str
          prebuilt:
            description: Kind of modules to the kernels that have them ready-made.
            type: dict
          origin:
            description: Whose packages these are, where several vendors have the branch.
            type: str
          kernel_images:
            description: Kernel to the version of its image package.
            type: dict
      packages:
        description: The driver's packages in the bundle.
        type: dict
        required: true
        suboptions:
          programs:
            description: Those beside the modules, each as M(graphistry.airgap.packages) takes it.
            type: list
            elements: dict
            required: true
          open:
            description: Those of the open modules.
            type: list
            elements: dict
          proprietary:
            description: Those of the proprietary modules.
            type: list
            elements: dict
          headers:
            description: Kernel to the packages with its headers.
            type: dict
            required: true
          prebuilt:
            description: Kind of modules, then kernel, to the packages with modules ready-made for it.
            type: dict
      knowledge:
        description: What the tool knows.
        type: dict
        required: true
        suboptions:
          releases:
            description: Its document of the product's releases.
            type: dict
            required: true
          architectures:
            description: Its document of GPU architectures.
            type: dict
            required: true
          drivers:
            description: Its document of NVIDIA's drivers.
            type: dict
            required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Decides as it always does.
  diff_mode:
    support: N/A
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Decide about the driver
  graphistry.airgap.driver_plan:
    desired:
      install: auto
      modules: auto
      replace: false
      waive_range: false
      release: "{{ bundle.release.version }}"
      cuda: "{{ bundle.release.cuda }}"
      platform: debian-13
      package_system: apt
      purpose: server
      reboot: manual
      vgpu: false
      bundle: "{{ platform.driver }}"
      packages:
        programs: "{{ platform.packages.driver }}"
        proprietary: "{{ platform.packages['driver-proprietary'] }}"
        headers:
          6.12.57+deb13-amd64: "{{ platform.packages['headers-6.12.57+deb13-amd64'] }}"
      knowledge:
        releases: "{{ lookup('ansible.builtin.file', knowledge ~ '/releases.json') | from_json }}"
        architectures: "{{ lookup('ansible.builtin.file', knowledge ~ '/architectures.json') | from_json }}"
        drivers: "{{ lookup('ansible.builtin.file', knowledge ~ '/drivers.json') | from_json }}"
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
    platform: "{{ bundle.platforms['debian-13'] }}"
    knowledge: /srv/graphistry-airgap/installer/graphistry_airgap/knowledge  # of a checkout
  register: decided
"""

RETURN = r"""
driver_plan:
  description:
    - C(action) is V(none), V(leave) or V(install); C(reasons) and C(warnings) are for people.
    - With V(install) also version, branch, variant, kernel, C(dkms) (name of the build), C(module_files) (how
      the modules' file names begin), C(headers) (V(host) or V(bundle)) and the packages to ask for. Where
      modules come ready-made, C(prebuilt) has their kernels, and C(dkms) and C(headers) are absent.
  type: dict
  returned: always
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
details:
  description: All that was C(found) and is C(needed), in words.
  returned: failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.driver import plan


def main() -> None:
    plan.run(AnsibleModule(plan.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
