#!/usr/bin/python
"""Ansible module: the installed driver loaded, or a reboot asked for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_loaded
short_description: Load the driver, or say that a reboot is due
version_added: "0.1.0"
description:
  - On a host without an NVIDIA GPU there is nothing to load.
  - Otherwise the loaded driver must be the installed one. Where none is loaded and nouveau does not hold the
    GPU, it is loaded; where that cannot be, the module fails with the code C(reboot-required). It never
    reboots.
options:
  version:
    description: Version of the installed driver.
    type: str
    required: true
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the driver.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run, also those that a reboot has to bring.
  diff_mode:
    support: full
    description: Shows the loaded version, and the daemon.
"""

EXAMPLES = r"""
- name: Load the driver or ask for a reboot
  graphistry.airgap.driver_loaded:
    version: 550.163.01
"""

RETURN = r"""
changes:
  description: The loaded module, and the persistence daemon, as data.
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
  description: Under C(loaded), the version of the loaded driver, or nothing.
  returned: success
  type: dict
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where there is a GPU and nothing is waited for
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

from ..module_utils.tasks.driver import loaded


def main() -> None:
    loaded.run(AnsibleModule(loaded.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
