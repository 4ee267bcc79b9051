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
  - graphistry.airgap.verified
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
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle

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

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import packages


def main() -> None:
    packages.run(AnsibleModule(packages.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
