#!/usr/bin/python
"""Ansible module: what an installation keeps of itself on a host, asked and written around its stages."""

from __future__ import annotations

DOCUMENTATION = r"""
module: record
short_description: Ask for, or keep, what an installation records of itself on a host
version_added: "0.1.0"
description:
  - The tool plays this around the stages on each host that is not its own machine; there it does the same
    by itself.
  - C(read) gives the platform, the receipt and whether an installation is on its way, C(begin) notes that
    one begins, C(tell) gives what a receipt is made of, C(write) writes one and C(forget) takes the notes
    of C(begin) away. C(status) gives the receipt, and how services and kernels are.
options:
  ask:
    description: What to do.
    type: str
    required: true
    choices: [read, begin, tell, write, forget, status]
  state:
    description: Directory of the receipt.
    type: path
    default: /var/lib/graphistry-airgap
  program:
    description: Directory in which C(begin) keeps the list of packages.
    type: path
    default: /opt/graphistry-airgap
  medium:
    description: Directory in which C(read) looks for a bundle's list of checksums, and uses nothing of it.
    type: path
    default: /
  package_system:
    description: The host's package system, for C(begin) and C(tell).
    type: str
    choices: [apt, dnf]
    default: apt
  images:
    description: Names of images to look for, for C(tell).
    type: list
    elements: str
    default: []
  receipt:
    description: The receipt that C(write) writes, by the schema C(receipt-v1).
    type: dict
    default: {}
  stamp:
    description: Name of the copy that C(write) keeps of the receipt, without suffix.
    type: str
    default: ""
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Writes and removes nothing, and then gives no answer either.
  diff_mode:
    support: N/A
    description: What an installation notes of itself is no change of the host.
"""

EXAMPLES = r"""
- name: Ask what is installed
  graphistry.airgap.record:
    ask: read
    medium: /media/bundle
"""

RETURN = r"""
record:
  description: The answer; of C(read) os_release, receipt, stages_begun and sums_sha256.
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
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import record


def main() -> None:
    # a receipt is no line for the system's log
    record.run(AnsibleModule(record.ARGUMENTS, supports_check_mode=True, no_log=True))


if __name__ == "__main__":
    main()
