#!/usr/bin/python
"""Ansible module: what the installer adds to Docker's `daemon.json`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_docker_config
short_description: Merge the installer's settings into daemon.json
description:
  - Adds data root, address pools, log rotation, live-restore and image store where the site has not set
    them; every other key stays. Meant to run before the package first starts the daemon.
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
    description: Networks for bridges, each with C(base) and C(size).
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
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
restart:
  description: Changed keys that a running daemon takes over only by a restart.
  returned: always
  type: list
  elements: str
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import daemon_config, docker_engine, placing
from ansible.module_utils.basic import AnsibleModule


def read(module: AnsibleModule, path: Path) -> dict[str, Any]:
    """An absent or empty file is an empty configuration; anything but an object is refused."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        config = json.loads(text) if text.strip() else {}
        if not isinstance(config, dict):
            raise ValueError("it is not a JSON object")
    except ValueError as error:
        module.fail_json(
            msg=f"{path} cannot be read: {error}",
            code="host-daemon-json-unreadable",
            hint="mend the file; Docker cannot read it either. It was not changed",
        )
    return config


def write(module: AnsibleModule, path: Path, merged: dict[str, Any], *, restart: bool) -> None:
    if restart:
        # log options are not part of `docker info`; the mark survives a kill before the restart
        pending = Path(module.params["pending"])
        pending.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        placing.write_atomic(pending, b"", mode=0o600)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    placing.keep_replaced(path, Path(module.params["replaced"]))
    text = json.dumps(merged, indent=4, sort_keys=True) + "\n"
    placing.write_atomic(path, text.encode(), mode=placing.mode_of(path) or 0o644)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "data_root": {"type": "path", "default": "/var/lib/docker"},
            "image_store": {
                "type": "str",
                "choices": ["default", "classic", "containerd"],
                "default": "default",
            },
            "address_pools": {"type": "list", "elements": "dict", "default": []},
            "log_options": {"type": "dict", "default": {}},
            "allow_restart": {"type": "bool", "default": False},
            "product_root": {"type": "path", "required": True},
            "pending": {"type": "path", "required": True},
            "replaced": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    path = Path(params["path"])
    config = read(module, path)
    engine = docker_engine.Engine(module.run_command, params["product_root"])
    installed = module.get_bin_path("docker") is not None
    info = engine.info() if installed and engine.active() else None
    wanted = daemon_config.Wanted(
        params["data_root"], params["image_store"], params["address_pools"], params["log_options"]
    )
    try:
        merged = daemon_config.merge(config, wanted, docker_engine.inspect_root(config, info))
        restart = daemon_config.needs_restart(config, merged) if info else []
        if restart:
            engine.refuse_restart(info, restart, allowed=params["allow_restart"])
    except (daemon_config.ConfigError, docker_engine.EngineError) as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    if merged != config and not module.check_mode:
        write(module, path, merged, restart=bool(restart))
    module.exit_json(changed=merged != config, restart=restart)


if __name__ == "__main__":
    main()
