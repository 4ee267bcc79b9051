#!/usr/bin/python
"""Ansible module: a running Docker that has taken over its configuration file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_docker_service
short_description: Make the running Docker agree with daemon.json
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
  timeout:
    description: Seconds within which Docker must answer after a start.
    type: int
    default: 90
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
done:
  description: What was done, from enabled, started, reloaded and restarted.
  returned: always
  type: list
  elements: str
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import daemon_config, docker_engine
from ansible.module_utils.basic import AnsibleModule

RELOAD_WAIT = 10


def enable(module: AnsibleModule) -> list[str]:
    if module.run_command(["systemctl", "is-enabled", "--quiet", docker_engine.UNIT])[0] == 0:
        return []
    if not module.check_mode:
        module.run_command(["systemctl", "enable", docker_engine.UNIT], check_rc=True)
    return ["enabled"]


def settle(
    module: AnsibleModule, engine: docker_engine.Engine, config: dict[str, Any], info: dict[str, Any]
) -> list[str]:
    """Restart or reload a daemon that lags behind its file."""
    params = module.params
    pending = Path(params["pending"])
    lag = daemon_config.lag(config, info)
    due = lag.restart or (["log-opts"] if pending.exists() else [])
    if due:
        engine.refuse_restart(info, due, allowed=params["allow_restart"])
        if not module.check_mode:
            engine.start(restart=True)
            info = engine.wait(params["timeout"])
            pending.unlink(missing_ok=True)
        lag = daemon_config.lag(config, info)
        if lag.restart and not module.check_mode:
            raise engine.down(
                f"Docker was restarted and still does not follow {params['path']}: {lag.restart}"
            )
    if lag.reload and not module.check_mode:
        reload(module, engine, config)
    return (["restarted"] if due else []) + (["reloaded"] if lag.reload else [])


def reload(module: AnsibleModule, engine: docker_engine.Engine, config: dict[str, Any]) -> None:
    engine.reload()
    for _ in range(RELOAD_WAIT * 2):
        left = daemon_config.lag(config, engine.wait(module.params["timeout"])).reload
        if not left:
            return
        engine.pause(0.5)
    raise engine.down(f"Docker was reloaded and still does not follow {module.params['path']}: {left}")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "allow_restart": {"type": "bool", "default": False},
            "product_root": {"type": "path", "required": True},
            "pending": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 90},
        },
        supports_check_mode=True,
    )
    params = module.params
    if module.check_mode and module.get_bin_path("docker") is None:
        module.exit_json(changed=True, done=[], msg="unknown until Docker is installed")
    engine = docker_engine.Engine(module.run_command, params["product_root"])
    path = Path(params["path"])
    config = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    try:
        done = enable(module)
        if not engine.active():
            done.append("started")
            if module.check_mode:
                module.exit_json(changed=True, done=done)
            engine.start(restart=False)
            Path(params["pending"]).unlink(missing_ok=True)
        done += settle(module, engine, config, engine.wait(params["timeout"]))
    except docker_engine.EngineError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint, log=error.log)
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
