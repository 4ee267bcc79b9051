"""Task: look at a host and say everything that stands against an installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..finding import errors
from ..host import medium
from ..host.machine import Host
from ..preflight.probe import probe
from ..preflight.verdict import judge
from . import ticket

if TYPE_CHECKING:
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
    "release_source": {"type": "str", "default": ""},
    "administrator_file": {"type": "str", "default": ""},
    "waive": {"type": "list", "elements": "str", "default": []},
    "hardening_allow": {"type": "list", "elements": "str", "default": []},
    "pythons": {"type": "list", "elements": "dict", "default": []},
    "gpu": {"type": "dict", "default": {}},
    "vgpu": {"type": "dict", "default": {}},
    "env_schema": {"type": "dict", "default": {}},
    "driver": {"type": "dict", "default": {}},
    "fail": {"type": "bool", "default": True},
}


def run(module: AnsibleModule) -> None:
    ticket.require(module, [Path(module.params["bundle"])], module.params["digests"])
    if module.params["release_source"]:
        files = {name: entry["sha256"] for name, entry in module.params["release_files"].items()}
        ticket.require(module, [Path(module.params["release_source"])], files)
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
