#!/usr/bin/python
"""Ansible module: the exceptions to a host's hardening that the site file allows, and no others."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_exceptions
short_description: Keep a hardened host's exceptions
description:
  - C(ip-forward) writes a sysctl.d file that keeps IPv4 forwarding on where the host's own files switch it
    off, and switches it on now; nothing is written on a host that forwards without it.
  - C(fapolicyd-trust) is written by C(install.sh), before the tool can run; it is reported here.
  - An exception of ours that is not allowed any more is taken back; with an empty list all of them are.
options:
  allow:
    description: Names of the exceptions that the site file allows.
    type: list
    elements: str
    choices: [ip-forward, fapolicyd-trust]
    default: []
author:
  - The graphistry-airgap developers
"""

EXAMPLES = r"""
- name: Keep the exceptions that the site file allows
  airgap_exceptions:
    allow: [ip-forward]
"""

RETURN = r"""
exceptions:
  description: What stands on the host now, for the receipt.
  returned: always
  type: list
  elements: dict
  sample: [{name: ip-forward, stig: RHEL-09-253075, path: /etc/sysctl.d/zz-graphistry-airgap.conf,
            sha256: 8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92}]
"""

from ansible.module_utils.airgap import exceptions
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "allow": {
                "type": "list",
                "elements": "str",
                "choices": [exceptions.IP_FORWARD, exceptions.FAPOLICYD_TRUST],
                "default": [],
            }
        },
        supports_check_mode=True,
    )
    host = Host.of_module(module.run_command)
    allow = module.params["allow"]
    try:
        changed = [
            settle(host, allow, dry=module.check_mode)
            for settle in (exceptions.settle_forwarding, exceptions.settle_trust)
        ]
        made = exceptions.made(host)
    except OSError as error:
        module.fail_json(
            msg=f"an exception to the host's hardening cannot be written: {error}",
            code="exception-not-written",
            hint=f"let root write {error.filename}, then run the same install again",
        )
    module.exit_json(changed=any(changed), exceptions=made)


if __name__ == "__main__":
    main()
