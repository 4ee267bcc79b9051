#!/usr/bin/python
"""Ansible module: a unit of systemd that is in its place, enabled and runs, or says why not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit
short_description: Place, enable and start a unit of systemd
version_added: "0.1.0"
description:
  - Places the unit's file in C(/etc/systemd/system), has systemd read it, enables the unit and starts it.
  - Where the unit does not start, the error has systemd's words and the last lines of the unit's journal,
    which name the cause.
options:
  unit:
    description: The unit, with its suffix.
    type: str
    required: true
  content:
    description: The unit's file.
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
    description: Shows both files, and the unit's state.
"""

EXAMPLES = r"""
- name: Start the services at boot
  graphistry.airgap.unit:
    unit: graphistry.service
    content: "{{ lookup('ansible.builtin.template', 'graphistry.service.j2') }}"
"""

RETURN = r"""
changes:
  description: The unit's file and its state, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
done:
  description: What was done, from enabled and started.
  returned: success
  type: list
  elements: str
log:
  description: The last lines of the unit's journal.
  returned: failure
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

from ..module_utils.tasks import unit


def main() -> None:
    unit.run(AnsibleModule(unit.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
