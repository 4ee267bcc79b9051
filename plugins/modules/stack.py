#!/usr/bin/python
"""Ansible module: services of a release, started through its own wrapper and watched until healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Start services of a release and wait until each is healthy
version_added: "0.1.0"
description:
  - Discovers the services and images from the release itself and drives it through C(./graphistry) alone.
    Pulling is forbidden, and an image that is missing is an error before anything starts.
  - Reports changed when a container was made, replaced or started.
  - A container is made anew when a variable that its service reads differs from what the release's files
    now mean, or when anything but its environment differs. A service that merely names a changed env file
    goes on as it is.
options:
  directory:
    description: The release directory.
    type: path
    required: true
  services:
    description: Services to start; empty means all.
    type: list
    elements: str
    default: []
  exclude:
    description: Services that stay as they are.
    type: list
    elements: str
    default: []
  reread:
    description: Service to files of the release; a container older than one of its files is made anew.
    type: dict
    default: {}
  readers:
    description: Variable to the services that read it; one that is not listed is read by all that have it.
    type: dict
    default: {}
  protected:
    description:
      - Services that hold data and are never made anew for the sake of a variable.
      - It is an error when a variable differs of which O(readers) says that they read it.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds within which every service must be healthy.
    type: int
    default: 900
  poll:
    description: Seconds between two looks.
    type: float
    default: 1.5
  mask_key:
    description:
      - Makes the digests that stand for the values of variables in C(changes) comparable between two answers.
      - Without it they compare within one.
    type: str
    default: ''
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the containers.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the containers of the run, which leaves out one that Compose finds as it should be.
  diff_mode:
    support: full
    description: Shows the containers; each variable with a digest of its value.
"""

EXAMPLES = r"""
- name: Start everything but the web server
  graphistry.airgap.stack:
    directory: /var/graphistry/current
    exclude: [caddy]
    protected: [postgres]
    timeout: 1200
"""

RETURN = r"""
changes:
  description: Each container that is made, made anew or started, with the variables that cause it, as data.
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
services:
  description: The services that were started or found running, sorted.
  returned: success
  type: list
  elements: str
anew:
  description: Service to the variables for which it was made anew.
  returned: success
  type: dict
kept:
  description: Service to the variables that differ and for which it goes on as it is.
  returned: success
  type: dict
not_well:
  description: Services that a run would wait for, with their state.
  returned: in check mode
  type: dict
service:
  description: The first service that did not get healthy.
  returned: failure
  type: str
log:
  description: The last lines that this service wrote; where Docker refused, all that the wrapper said.
  returned: failure
  type: str
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where the release is there
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

from ..module_utils.tasks import stack


def main() -> None:
    stack.run(AnsibleModule(stack.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
