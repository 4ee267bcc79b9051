#!/usr/bin/python
"""Ansible module: the guest driver that is installed is the one that runs, or a reboot is due."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vgpu_loaded
short_description: Have the installed guest driver answer
version_added: "0.1.0"
description:
  - Asks nvidia-smi; where no driver answers, loads the module. What still does not answer, or answers as an
    older driver, ends with C(reboot-required).
options:
  version:
    description: The version that must answer; empty takes any.
    type: str
    default: ""
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the driver.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run, also one that a reboot has to bring.
  diff_mode:
    support: full
    description: Shows the loaded version.
"""

EXAMPLES = r"""
- name: See that a guest driver runs that is new enough
  graphistry.airgap.vgpu_loaded:
    version: 550.144.03
"""

RETURN = r"""
changes:
  description: The module that is loaded, as data.
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
loaded:
  description: The version that answers.
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
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.vgpu import loaded


def main() -> None:
    loaded.run(AnsibleModule(loaded.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
