#!/usr/bin/python
"""Ansible module: whether a host is as the roles would leave it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: in_place
short_description: Ask many tasks at once whether they would change anything
version_added: "0.1.0"
description:
  - Asks tasks of this collection's modules what they would do, one after the other in one process, and
    changes nothing. The first that would change something, cannot know yet or refuses ends it.
  - A play that finds all in place need not run its roles, which saves the start of a process for each task.
options:
  tasks:
    description: What to ask, in the order of the roles.
    type: list
    elements: dict
    required: true
    suboptions:
      stage:
        description: Step of the installation that the task belongs to.
        type: str
        required: true
      name:
        description: Name of the task.
        type: str
        required: true
      module:
        description: Module of this collection, without its collection.
        type: str
        required: true
        choices:
          - administrator
          - caddyfile
          - cdi
          - docker_config
          - docker_runtime
          - docker_service
          - driver_boot
          - driver_loaded
          - driver_modules
          - driver_plan
          - env_file
          - exceptions
          - images
          - packages
          - preflight
          - repository
          - stack
          - tree
          - unit
          - vgpu_client
          - vgpu_driver
          - vgpu_licence
          - vgpu_loaded
      condition:
        description: Whether the task would run.
        type: bool
        default: true
      planned_action:
        description: The task would run only where a C(driver_plan) before it decides for this action.
        type: str
      arguments:
        description: Its options; they are judged by the module's own rules.
        type: dict
        default: {}
      planned:
        description: Options whose values a C(driver_plan) before it gives, with the plan's key for each.
        type: dict
        default: {}
  stages:
    description: Only tasks of these stages; without it all of them.
    type: list
    elements: str
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Changes nothing in either mode.
  diff_mode:
    support: N/A
    description: Changes nothing.
"""

EXAMPLES = r"""
- name: Ask whether images and settings are as they should be
  graphistry.airgap.in_place:
    tasks:
      - stage: configuration
        name: Write settings
        module: env_file
        arguments:
          path: /var/graphistry/current/data/config/custom.env
          settings:
            AIR_GAPPED: "1"
          replaced: /var/lib/graphistry-airgap/replaced
"""

RETURN = r"""
in_place:
  description: Whether no task would change anything.
  returned: success
  type: bool
differs:
  description: The first task that would.
  returned: success, where not all is in place
  type: dict
  contains:
    stage:
      description: Its stage.
      returned: always
      type: str
    task:
      description: Its name.
      returned: always
      type: str
    changes:
      description: What it would change, as data.
      returned: always
      type: list
      elements: dict
    unknown_until:
      description: The stage that has to run before it can know; empty where it knows.
      returned: always
      type: str
    refused:
      description: Why it refuses; empty where it does not.
      returned: always
      type: str
    not_well:
      description: Services that it would wait for, with their state.
      returned: always
      type: dict
findings:
  description: What the tasks notice.
  returned: success, where all is in place
  type: list
  elements: dict
exceptions:
  description: Exceptions to the host's hardening that stand on it.
  returned: success, where all is in place and they were asked for
  type: list
  elements: dict
driver_plan:
  description: What is decided about the driver, and what is known of the one that runs.
  returned: success, where all is in place and a driver was asked for
  type: dict
vgpu_state:
  description: What is known of the guest's licence.
  returned: success, where all is in place and a licence was asked for
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import in_place


def main() -> None:
    in_place.run(AnsibleModule(in_place.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
