#!/usr/bin/python
"""Ansible module: the CDI specification of this machine's GPUs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cdi
short_description: Keep the CDI specification in step with driver and GPUs
version_added: "0.1.0"
description:
  - Asks the toolkit to describe the GPUs, where its version can and a driver answers, and writes the file
    when it says something else. A file of this module's making is removed when no driver answers any more.
  - What was replaced or removed is kept; a file of somebody else's is never removed.
  - The toolkit's own units that refresh a second file are started anew where they failed before the driver
    answered; a second file that does not fit the driver is told.
options:
  wanted:
    description: Whether this machine is to have one; a template is not, its clones have other GPUs.
    type: bool
    required: true
  path:
    description: The specification.
    type: path
    default: /etc/cdi/nvidia.yaml
  refreshed:
    description: The toolkit's own specification.
    type: path
    default: /var/run/cdi/nvidia.yaml
  state:
    description: Directory of the tool's state, where digests of what was written are remembered.
    type: path
    required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Asks the toolkit as the run does, and foretells its very changes.
  diff_mode:
    support: full
    description: Shows both specifications in full.
"""

EXAMPLES = r"""
- name: Describe the GPUs for CDI
  graphistry.airgap.cdi:
    wanted: true
    state: /var/lib/graphistry-airgap
"""

RETURN = r"""
changes:
  description: The specification, and units of the toolkit that are started anew, as data.
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
done:
  description: What was done, from written, removed and refreshed.
  returned: success
  type: list
  elements: str
reason:
  description: Why there is no specification; empty when there is one.
  returned: success
  type: str
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where the toolkit is there
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import cdi


def main() -> None:
    cdi.run(AnsibleModule(cdi.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
