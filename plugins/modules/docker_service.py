#!/usr/bin/python
"""Ansible module: a running Docker that has taken over its configuration file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_service
short_description: Make the running Docker agree with daemon.json
version_added: "0.1.0"
description:
  - Enables and starts Docker, compares what runs with what C(daemon.json) says, reloads where a reload
    is enough and restarts where it is not. Because the running state decides, a run that was killed
    before its restart is healed by the next one.
  - Refuses a restart that would stop containers of others, unless that is allowed or live-restore is on.
options:
  path:
    description: Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  allow_restart:
    description: Whether containers of others may be stopped by a restart of Docker.
    type: bool
    default: false
  product_root:
    description: Directory below which the compose projects of this product lie.
    type: path
    required: true
  pending:
    description: File that exists while a restart is due.
    type: path
    required: true
  before:
    description: File with what was in C(path) before it was changed; it comes back where Docker does not run.
    type: path
    required: true
  timeout:
    description: Seconds within which Docker must answer after a start.
    type: int
    default: 90
  config_changes:
    description: What C(path) gets before this, as M(graphistry.airgap.docker_config) says it.
    type: list
    elements: dict
    default: []
    suboptions:
      subject:
        description: Who answers for the thing.
        type: str
        required: true
      kind:
        description: Kind of the thing; of a key V(setting).
        type: str
        required: true
      what:
        description: C(FILE#NAME), the key in its file.
        type: str
        required: true
      before:
        description: Its value now; null where it is absent.
        type: raw
      after:
        description: Its value then; null where it goes.
        type: raw
  restart:
    description: Keys among them for which Docker restarts.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very change of the run, also for a file that check mode did not write.
  diff_mode:
    support: full
    description: Shows the unit's state and why it restarts.
"""

EXAMPLES = r"""
- name: Have Docker run as its daemon.json says
  graphistry.airgap.docker_service:
    product_root: /var/graphistry
    pending: /var/lib/graphistry-airgap/docker-restart-due
    before: /var/lib/graphistry-airgap/daemon-json-before
    # of graphistry.airgap.docker_config, for a check mode that has not written the file
    config_changes: "{{ docker_config.changes }}"
    restart: "{{ docker_config.restart }}"
"""

RETURN = r"""
changes:
  description: The unit's state, with the keys for which it restarts or reloads, as data.
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
  description: What was done, from enabled, started, reloaded and restarted.
  returned: success
  type: list
  elements: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: The last lines of Docker's journal.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.docker import service


def main() -> None:
    service.run(AnsibleModule(service.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
