#!/usr/bin/python
"""Ansible module: the exceptions to a host's hardening that the site file allows, and no others."""

from __future__ import annotations

DOCUMENTATION = r"""
module: exceptions
short_description: Keep a hardened host's exceptions
version_added: "0.1.0"
description:
  - C(ip-forward) writes a sysctl.d file that keeps IPv4 forwarding on where the host's own files switch it
    off, and switches it on now; nothing is written on a host that forwards without it.
  - C(fapolicyd-trust) is written by C(install.sh), before the tool can run; it is reported here.
  - For C(fips-interpreter) nothing is written; preflight tells of it.
  - An exception of ours that is not allowed any more is taken back; with an empty list all of them are.
options:
  allow:
    description: Names of the exceptions that the site file allows.
    type: list
    elements: str
    choices: [ip-forward, fapolicyd-trust, fips-interpreter]
    default: []
  sysctl_content:
    description: What the sysctl.d file of C(ip-forward) says.
    type: str
    required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows the files in full.
"""

EXAMPLES = r"""
- name: Let a hardened host forward for Docker
  graphistry.airgap.exceptions:
    allow: [ip-forward]
    sysctl_content: "{{ lookup('ansible.builtin.file', 'forwarding.conf', rstrip=false) }}"

- name: Take every exception back
  graphistry.airgap.exceptions:
    allow: []
    sysctl_content: "{{ lookup('ansible.builtin.file', 'forwarding.conf', rstrip=false) }}"
"""

RETURN = r"""
changes:
  description: Files and kernel settings that differ, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
exceptions:
  description: What stands on the host now, for the receipt.
  returned: success
  type: list
  elements: dict
  sample: [{name: ip-forward, stig: RHEL-09-253075, path: /etc/sysctl.d/zz-graphistry-airgap.conf,
            sha256: 8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92}]
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

from ..module_utils.tasks import exceptions


def main() -> None:
    exceptions.run(AnsibleModule(exceptions.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
