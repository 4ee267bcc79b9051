#!/usr/bin/python
"""Ansible module: a unit of systemd that is enabled and runs, or says why not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit
short_description: Enable and start a unit of systemd
version_added: "0.1.0"
description:
  - As C(ansible.builtin.systemd_service) does; but where the unit does not start, the error has systemd's
    words and the last lines of the unit's journal, which name the cause.
options:
  unit:
    description: The unit, with its suffix.
    type: str
    required: true
  reread:
    description: Whether systemd has to read its units anew.
    type: bool
    default: false
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows the unit's state.
"""

EXAMPLES = r"""
- name: Enable and start a unit whose file is new
  graphistry.airgap.unit:
    unit: graphistry.service
    reread: true
"""

RETURN = r"""
changes:
  description: The unit's state, as data.
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
