#!/usr/bin/python
"""Ansible module: what the installer adds to Docker's `daemon.json`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_config
short_description: Merge the installer's settings into daemon.json
version_added: "0.1.0"
description:
  - Adds data root, address pools, log rotation, live-restore and image store where the site has not set
    them; address pools that it wrote itself follow the site file; every other key stays. Meant to run before
    the package first starts the daemon.
  - Refuses what would hide images and containers, and a change whose restart would stop containers of
    others; the file is then untouched.
options:
  path:
    description: Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  data_root:
    description: Where Docker keeps its data.
    type: path
    default: /var/lib/docker
  image_store:
    description: The image store of a fresh data root; default leaves the daemon its own.
    type: str
    choices: [default, classic, containerd]
    default: default
  address_pools:
    description: Networks that Docker takes for its bridges; empty leaves Docker its own.
    type: list
    elements: dict
    default: []
  log_options:
    description: Options of the json-file log driver, for a host that has set neither driver nor options.
    type: dict
    default: {}
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
  replaced:
    description: Directory that keeps a copy of the file before it is changed.
    type: path
    required: true
  written:
    description: File that lists the address pools that this module ever wrote; they follow C(address_pools).
    type: path
    required: true
  before:
    description: File that keeps what was there before a change until Docker runs with the change.
    type: path
    required: true
  packages:
    description: Packages that bring Docker; they tell its unit where it is not installed yet.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
  - graphistry.airgap.shapes.address_pools
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows the keys that change; the others may hold what is nobody else's.
"""

EXAMPLES = r"""
- name: Settle daemon.json before Docker starts
  graphistry.airgap.docker_config:
    data_root: /srv/docker
    address_pools:
      - base: 10.200.0.0/16
        size: 24
    log_options:
      max-size: 100m
      max-file: "3"
    product_root: /var/graphistry
    pending: /var/lib/graphistry-airgap/docker-restart-due
    replaced: /var/lib/graphistry-airgap/replaced
    written: /var/lib/graphistry-airgap/docker-pools.json
    before: /var/lib/graphistry-airgap/daemon-json-before
    packages: [docker.io]
  register: docker_config
"""

RETURN = r"""
changes:
  description: Each key of the file that differs, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
restart:
  description: Changed keys that a running daemon takes over only by a restart.
  returned: success
  type: list
  elements: str
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success
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

from ..module_utils.tasks.docker import config


def main() -> None:
    config.run(AnsibleModule(config.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
