#!/usr/bin/python
"""Ansible module: look at a host and say everything that stands against an installation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Judge a host before anything is changed
version_added: "0.1.0"
description:
  - Reads the host (system, disks, ports, routes, Docker, packages, administrator file) and
    judges it against one bundle and one site. Every finding is returned at once.
  - Tries the package transaction against the bundle's repositories in a temporary directory,
    unless every package is there already.
  - Changes nothing.
options:
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
  platform:
    description: Platform that the bundle was built for, for example V(debian-13).
    type: str
    required: true
  purpose:
    description: V(server) or V(template); a template needs neither ports nor an administrator.
    type: str
    default: server
  package_system:
    description: Package manager of the bundle's platform.
    type: str
    choices: [apt, dnf]
    default: apt
  repositories:
    description: The bundle's package repositories, as in C(bundle.json).
    type: list
    elements: dict
    default: []
  digests:
    description: sha256 of the repositories' keyrings by path; a keyring that differs is refused.
    type: dict
    default: {}
  packages:
    description: Every package with the version that will be asked for.
    type: list
    elements: dict
    default: []
  assumed:
    description: Packages that the bundle does not hold because its hosts were said to have them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the package.
        type: str
        required: true
      version:
        description: The version that a host must at least have.
        type: str
        required: true
  ports:
    description: TCP ports that the product's web server needs.
    type: list
    elements: int
    default: [80, 443]
  architecture:
    description: Architecture that the bundle was built for; empty judges none.
    type: str
    default: ""
  bundle_created:
    description: When the bundle was made (C(2026-11-20T08:00:00Z)); empty judges no clock.
    type: str
    default: ""
  images:
    description: The bundle's images, as in C(bundle.json).
    type: list
    elements: dict
    default: []
  data_root:
    description: Docker's data root as the site wants it.
    type: path
    default: /var/lib/docker
  image_store:
    description: Image store of a fresh data root.
    type: str
    choices: [default, classic, containerd]
    default: default
  address_pools:
    description: Docker's address pools as the site wants them.
    type: list
    elements: dict
    default: []
  allow_restart:
    description: Whether Docker may restart while containers of others run.
    type: bool
    default: false
  root:
    description: Directory of the releases.
    type: path
    default: /var/graphistry
  release_version:
    description: Version of the release to install.
    type: str
    default: ""
  release_source:
    description: Directory of the release in the bundle, for the networks that its compose file names.
    type: str
    default: ""
  release_files:
    description: The release's files, path to C(sha256), to tell an edited release from the bundle's.
    type: dict
    default: {}
  administrator_file:
    description: File with the first administrator's name and password.
    type: str
    default: ""
  waive:
    description: Names of requirements that the site gives up.
    type: list
    elements: str
    default: []
  hardening_allow:
    description: Exceptions to the host's hardening that the site file allows by name.
    type: list
    elements: str
    default: []
  pythons:
    description: What of Python the host has and until when it is mended, as far as that is known.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What it is called.
        type: str
        required: true
      ends:
        description: The last month in which it is mended, C(YYYY-MM).
        type: str
        required: true
      own:
        description: Whether it came with the bundle for the tool alone.
        type: bool
        required: true
  gpu:
    description: What O(graphistry.airgap.gpu#module:desired) is; empty judges no GPUs.
    type: dict
    default: {}
  vgpu:
    description: What O(graphistry.airgap.vgpu_plan#module:desired) is; empty where this is no vGPU guest.
    type: dict
    default: {}
  env_schema:
    description: What is known about the variables of env files; empty judges none.
    type: dict
    default: {}
  driver:
    description: What O(graphistry.airgap.driver_plan#module:desired) is; empty judges no driver.
    type: dict
    default: {}
  fail:
    description: Fail when a finding is an error.
    type: bool
    default: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
  - graphistry.airgap.shapes.packages
  - graphistry.airgap.shapes.repositories
  - graphistry.airgap.shapes.images
  - graphistry.airgap.shapes.address_pools
attributes:
  check_mode:
    support: full
    description: Judges as it always does.
  diff_mode:
    support: N/A
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Judge a host for what a bundle brings
  graphistry.airgap.preflight:
    bundle: /media/bundle
    platform: debian-13
    architecture: "{{ bundle.platforms['debian-13'].architecture }}"
    packages: "{{ bundle.platforms['debian-13'].packages.docker }}"
    repositories: "{{ bundle.platforms['debian-13'].repositories }}"
    digests: "{{ dict(bundle.files | zip(bundle.files.values() | map(attribute='sha256'))) }}"
    images: "{{ bundle.images }}"
    administrator_file: /etc/graphistry-airgap/administrator.yml
    fail: false
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
  register: judged

- name: Show what stands against an installation
  ansible.builtin.debug:
    msg: "{{ judged.findings | selectattr('severity', 'equalto', 'error') | map(attribute='message') }}"
"""

RETURN = r"""
findings:
  description: What was noticed, errors first.
  type: list
  elements: dict
  returned: always, but where the medium changed meanwhile
  contains:
    severity:
      description: V(error), V(warning) or V(info).
      returned: always
      type: str
    code:
      description: What it is, in one word that stays the same.
      returned: always
      type: str
    message:
      description: The same in a sentence.
      returned: always
      type: str
    found:
      description: What the host has.
      returned: always
      type: str
    needed:
      description: What an installation needs.
      returned: always
      type: str
    hint:
      description: What to do.
      returned: always
      type: str
    path:
      description: The path that it is about.
      returned: where it is about one
      type: str
    stig:
      description: The rule of the STIG that it comes from.
      returned: where it comes from one
      type: str
  sample: [{severity: error, code: port-taken, message: port 80 is taken by nginx (pid 7),
            found: nginx (pid 7), needed: port 80 free, hint: stop and disable that service}]
profile:
  description: The facts that were judged; no secrets.
  type: dict
  returned: always, but where the medium changed meanwhile
code:
  description: What is wrong, in one word that stays the same.
  returned: failure, where the medium changed meanwhile
  type: str
hint:
  description: What to do next.
  returned: failure, where the medium changed meanwhile
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import preflight


def main() -> None:
    preflight.run(AnsibleModule(preflight.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
