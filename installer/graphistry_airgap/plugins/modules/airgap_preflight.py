#!/usr/bin/python3
"""Ansible module: look at a host and say everything that stands against an installation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_preflight
short_description: Judge a host before anything is changed
description:
  - Reads the host (system, disks, ports, routes, Docker, packages, administrator file) and
    judges it against one bundle and one site. Every finding is returned at once.
  - Tries the package transaction against the bundle's repositories in a temporary directory,
    unless every package is there already.
  - Changes nothing.
options:
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
  platform:
    description: Platform that the bundle was built for, for example V(debian-13).
    type: str
    required: true
  purpose:
    description: V(server) or V(template); a template needs neither ports nor an administrator.
    type: str
    default: server
  package_system:
    description: Package manager of the bundle's platform.
    type: str
    choices: [apt, dnf]
    default: apt
  repositories:
    description: The bundle's package repositories, as in C(bundle.json).
    type: list
    elements: dict
    default: []
  digests:
    description: sha256 of the repositories' keyrings by path; a keyring that differs is refused.
    type: dict
    default: {}
  packages:
    description: Every package with the version that will be asked for.
    type: list
    elements: dict
    default: []
  assumed:
    description: Packages that the bundle does not hold because its hosts were said to have them.
    type: list
    elements: dict
    default: []
  ports:
    description: TCP ports that the product's web server needs.
    type: list
    elements: int
    default: [80, 443]
  architecture:
    description: Architecture that the bundle was built for; empty judges none.
    type: str
    default: ""
  bundle_created:
    description: When the bundle was made (C(2026-11-20T08:00:00Z)); empty judges no clock.
    type: str
    default: ""
  images:
    description: The bundle's images, as in C(bundle.json).
    type: list
    elements: dict
    default: []
  data_root:
    description: Docker's data root as the site wants it.
    type: path
    default: /var/lib/docker
  image_store:
    description: Image store of a fresh data root.
    type: str
    choices: [default, classic, containerd]
    default: default
  address_pools:
    description: Docker's address pools as the site wants them.
    type: list
    elements: dict
    default: []
  allow_restart:
    description: Whether Docker may restart while containers of others run.
    type: bool
    default: false
  root:
    description: Directory of the releases.
    type: path
    default: /var/graphistry
  release_version:
    description: Version of the release to install.
    type: str
    default: ""
  release_files:
    description: The release's files, path to C(sha256), to tell an edited release from the bundle's.
    type: dict
    default: {}
  administrator_file:
    description: File with the first administrator's name and password.
    type: str
    default: ""
  waive:
    description: Names of requirements that the site gives up.
    type: list
    elements: str
    default: []
  hardening_allow:
    description: Exceptions to the host's hardening that the site file allows by name.
    type: list
    elements: str
    default: []
  gpu:
    description: Which GPUs the site wants used and against what they are judged; empty judges none.
    type: dict
    default: {}
  vgpu:
    description: What site file and bundle say about a vGPU guest; empty on every other machine.
    type: dict
    default: {}
  env_schema:
    description: What is known about the variables of env files; empty judges none.
    type: dict
    default: {}
  driver:
    description: What the site wants and the bundle has of NVIDIA's driver; empty judges none.
    type: dict
    default: {}
  fail:
    description: Fail when a finding is an error.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
author: [graphistry-airgap]
"""

EXAMPLES = r"""
- name: Judge the host
  airgap_preflight:
    bundle: /media/bundle
    platform: debian-13
    packages: [{name: docker.io, version: 26.1.5+dfsg1-9+b9}]
    repositories:
      - name: debian
        path: packages/debian-13/debian
        suite: trixie
        components: [main]
        signed_by: packages/debian-13/keys/debian.gpg
    digests:
      packages/debian-13/keys/debian.gpg: 6f1e...
"""

RETURN = r"""
findings:
  description: What was noticed, errors first.
  type: list
  elements: dict
  returned: always
  sample: [{severity: error, code: port-taken, message: port 80 is taken by nginx (pid 7),
            found: nginx (pid 7), needed: port 80 free, hint: stop and disable that service}]
profile:
  description: The facts that were judged; no secrets.
  type: dict
  returned: always
"""

from typing import Any

from ansible.module_utils.airgap import medium
from ansible.module_utils.airgap.findings import errors
from ansible.module_utils.airgap.findings_judge import judge
from ansible.module_utils.airgap.probe import probe
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, dict[str, Any]] = {
    "bundle": {"type": "path", "required": True},
    "platform": {"type": "str", "required": True},
    "purpose": {"type": "str", "default": "server"},
    "package_system": {"type": "str", "choices": ["apt", "dnf"], "default": "apt"},
    "repositories": {"type": "list", "elements": "dict", "default": []},
    "digests": {"type": "dict", "default": {}},
    "packages": {"type": "list", "elements": "dict", "default": []},
    "assumed": {"type": "list", "elements": "dict", "default": []},
    "ports": {"type": "list", "elements": "int", "default": [80, 443]},
    "architecture": {"type": "str", "default": ""},
    "bundle_created": {"type": "str", "default": ""},
    "images": {"type": "list", "elements": "dict", "default": []},
    "release_files": {"type": "dict", "default": {}},
    "data_root": {"type": "path", "default": "/var/lib/docker"},
    "image_store": {"type": "str", "choices": ["default", "classic", "containerd"], "default": "default"},
    "address_pools": {"type": "list", "elements": "dict", "default": []},
    "allow_restart": {"type": "bool", "default": False},
    "root": {"type": "path", "default": "/var/graphistry"},
    "release_version": {"type": "str", "default": ""},
    "administrator_file": {"type": "str", "default": ""},
    "waive": {"type": "list", "elements": "str", "default": []},
    "hardening_allow": {"type": "list", "elements": "str", "default": []},
    "gpu": {"type": "dict", "default": {}},
    "vgpu": {"type": "dict", "default": {}},
    "env_schema": {"type": "dict", "default": {}},
    "driver": {"type": "dict", "default": {}},
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)

    requirements = {**module.params, "administrator_file": module.params["administrator_file"] or ""}
    try:
        profile = probe(Host.of_module(module.run_command), requirements)
    except medium.MediumError as error:
        module.fail_json(msg=str(error), code=medium.CHANGED, hint=medium.HINT)
    findings = judge(profile, requirements)
    result = {"changed": False, "profile": profile, "findings": [item.as_dict() for item in findings]}
    stopping = errors(findings)
    if stopping and module.params["fail"]:
        many = f"{len(stopping)} findings stop" if len(stopping) > 1 else "1 finding stops"
        lines = "; ".join(item.message for item in stopping)
        module.fail_json(msg=f"{many} the installation: {lines}", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
