#!/usr/bin/python
"""Ansible module: the default runtime of Docker, in its file and in the running daemon."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_docker_runtime
short_description: Make a runtime Docker's default one
description:
  - Runs the vendor's configuration command when C(daemon.json) lacks the runtime or its being the default;
    that command merges, so the site's keys survive. A reload takes it over; no restart is needed.
  - Afterwards the running daemon must name the runtime as its default.
  - For C(--gpus) Docker looks for the vendor's hook once, when it starts. A daemon that is older than the
    hook is restarted, but only where that stops no container.
options:
  runtime:
    description: Name of the runtime.
    type: str
    required: true
  configure:
    description: The vendor's command that enters the runtime into the file.
    type: list
    elements: str
    required: true
  path:
    description: Docker's configuration file.
    type: path
    default: /etc/docker/daemon.json
  hook:
    description: Name of the program that a starting Docker looks for, to know C(--gpus).
    type: str
    required: true
  replaced:
    description: Directory that keeps a copy of the file before it is changed.
    type: path
    required: true
  timeout:
    description: Seconds within which the running daemon must have taken it over.
    type: int
    default: 30
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
done:
  description: What was done, from configured, reloaded and restarted.
  returned: always
  type: list
  elements: str
due:
  description: Why C(--gpus) stays unknown until Docker is restarted; empty when it does not.
  returned: success
  type: str
"""

import json
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import docker_engine, placing
from ansible.module_utils.basic import AnsibleModule


def configured(path: Path, runtime: str) -> bool:
    config = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return config.get("default-runtime") == runtime and runtime in config.get("runtimes", {})


def running(info: dict[str, Any] | None, runtime: str) -> bool:
    known = info or {}
    return known.get("DefaultRuntime") == runtime and runtime in known.get("Runtimes", {})


def configure(module: AnsibleModule, path: Path) -> None:
    placing.keep_replaced(path, Path(module.params["replaced"]))
    # the vendor's own tool knows which keys its runtime needs
    code, out, error = module.run_command(module.params["configure"])
    if code or not configured(path, module.params["runtime"]):
        module.fail_json(
            msg=f"{' '.join(module.params['configure'])} did not make {module.params['runtime']} "
            f"the default runtime in {path}: {(error or out).strip()[-800:]}",
            code="runtime-not-configured",
            hint=f"check {path} and the installed toolkit, then run the same install again",
        )


def take_over(module: AnsibleModule, engine: docker_engine.Engine, runtime: str) -> None:
    """A reload is asynchronous, and one that comes during a start can be lost: ask again half-way."""
    deadline = time.monotonic() + module.params["timeout"]
    half = time.monotonic() + module.params["timeout"] / 2
    engine.reload()
    while not running(engine.info(), runtime):
        if time.monotonic() > deadline:
            raise engine.down(f"Docker was reloaded and still does not use {runtime} as its default runtime")
        if time.monotonic() > half:
            half = deadline
            engine.reload()
        engine.pause(0.5)


def older_than_hook(module: AnsibleModule, engine: docker_engine.Engine) -> bool:
    hook = module.get_bin_path(module.params["hook"])
    since = engine.since()
    # ctime: a package keeps the mtime that its file had when it was built
    return hook is not None and since is not None and Path(hook).stat().st_ctime > since


def learn_gpus(module: AnsibleModule, engine: docker_engine.Engine) -> str:
    """Restart the daemon where no container would stop; else say what is left to do."""
    info = engine.info() or {}
    if info.get("ContainersRunning") and not info.get("LiveRestoreEnabled"):
        return (
            f"Docker runs since before {module.params['hook']} came and does not know --gpus; "
            "a restart would stop running containers, because live-restore is off"
        )
    if not module.check_mode:
        engine.start(restart=True)
        engine.wait(module.params["timeout"])
    return ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "runtime": {"type": "str", "required": True},
            "configure": {"type": "list", "elements": "str", "required": True},
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "hook": {"type": "str", "required": True},
            "replaced": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    runtime, path = module.params["runtime"], Path(module.params["path"])
    if module.check_mode and module.get_bin_path("docker") is None:
        module.exit_json(changed=True, done=[], msg="unknown until Docker is installed")
    engine = docker_engine.Engine(module.run_command, "/")
    done, due = [], ""
    try:
        if not configured(path, runtime):
            done.append("configured")
            if not module.check_mode:
                configure(module, path)
        info = engine.info() if engine.active() else None
        if not running(info, runtime):
            done.append("reloaded")
            if not module.check_mode:
                take_over(module, engine, runtime)
        if older_than_hook(module, engine):
            due = learn_gpus(module, engine)
            done += [] if due else ["restarted"]
    except docker_engine.EngineError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint, log=error.log)
    module.exit_json(changed=bool(done), done=done, due=due)


if __name__ == "__main__":
    main()
