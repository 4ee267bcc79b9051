#!/usr/bin/python
"""Ansible module: the default runtime of Docker, in its file and in the running daemon."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_runtime
short_description: Make a runtime Docker's default one
version_added: "0.1.0"
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
  before:
    description: File with what was in O(path) before; that comes back where Docker does not take the change.
    type: path
    required: true
  timeout:
    description: Seconds within which the running daemon must have taken it over.
    type: int
    default: 30
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run; the runtime's own entry is the toolkit's to make.
  diff_mode:
    support: full
    description: Shows the keys that change, and for what Docker reloads or restarts.
"""

EXAMPLES = r"""
- name: Make nvidia the default runtime of Docker
  graphistry.airgap.docker_runtime:
    runtime: nvidia
    configure: [nvidia-ctk, runtime, configure, --runtime=docker, --set-as-default]
    hook: nvidia-container-runtime-hook
    replaced: /var/lib/graphistry-airgap/replaced
    before: /var/lib/graphistry-airgap/daemon-json-before
"""

RETURN = r"""
changes:
  description: Keys of the file that differ, and for what Docker reloads or restarts, as data.
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
  description: What was done, from configured, reloaded and restarted.
  returned: success
  type: list
  elements: str
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where Docker and the toolkit are there
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
log:
  description: The last lines of Docker's journal.
  returned: failure
  type: str
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.docker import (
    backup as daemon_backup,
    engine as docker_engine,
    flags as docker_flags,
    json_text as daemon_text,
    validation as daemon_check,
)
from ..module_utils.finding import WARNING, Finding
from ..module_utils.host import files as placing
from ..module_utils.host.machine import Host


def of_file(module: AnsibleModule, path: Path, runtime: str) -> list[change.Change]:
    """Also whether the runtime's program is there: another installer may have left an entry without one."""
    config = daemon_text.read(path.read_text(encoding="utf-8") if path.exists() else "").values
    entry = (config.get("runtimes") or {}).get(runtime)
    program = entry.get("path") if isinstance(entry, dict) else None
    there = bool(program) and module.get_bin_path(str(program)) is not None
    # the vendor's own tool knows which keys its runtime needs
    made = entry if there else {"made_by": module.params["configure"][0]}
    before = {"default-runtime": config.get("default-runtime"), f"runtimes.{runtime}": entry}
    after = {"default-runtime": runtime, f"runtimes.{runtime}": made}
    found: list[change.Change] = change.compared("toolkit", "setting", before, after, prefix=f"{path}#")
    return found


def running(info: dict[str, Any] | None, runtime: str) -> bool:
    known = info or {}
    return known.get("DefaultRuntime") == runtime and runtime in known.get("Runtimes", {})


def configure(module: AnsibleModule, path: Path, engine: docker_engine.Engine) -> None:
    placing.keep_replaced(path, Path(module.params["replaced"]))
    ran = engine.running_containers() if engine.active() else []
    daemon_backup.remember(Path(module.params["before"]), path, ran)
    code, out, error = module.run_command(module.params["configure"])
    if code or of_file(module, path, module.params["runtime"]):
        module.fail_json(
            msg=f"{' '.join(module.params['configure'])} did not make {module.params['runtime']} "
            f"the default runtime in {path}: {(error or out).strip()[-800:]}",
            code="runtime-not-configured",
            hint=f"check {path} and the installed toolkit, then run the same install again",
        )
    flags = docker_flags.flags(Host.of_module(module.run_command))
    words = daemon_check.refusal(engine.run, flags.argv, path.read_text(encoding="utf-8"), str(path))
    if words:
        told = put_back(module, path, engine, runs=True)
        module.fail_json(
            msg=f"{words}\nso dockerd answers to {path} as the toolkit wrote it\n{told}",
            code="host-daemon-json-refused",
            hint="mend the file, or the flags of Docker's unit (`systemctl cat docker`), "
            "then run the same install again",
        )


def put_back(module: AnsibleModule, path: Path, engine: docker_engine.Engine, *, runs: bool) -> str:
    mark, wait = Path(module.params["before"]), module.params["timeout"]
    told: str = daemon_backup.put_back(mark, path, engine, wait=wait, runs=runs)
    return told


def take_over(module: AnsibleModule, engine: docker_engine.Engine, runtime: str) -> None:
    """A reload is asynchronous, and one that comes during a start can be lost: ask again half-way."""
    deadline = time.monotonic() + module.params["timeout"]
    half = time.monotonic() + module.params["timeout"] / 2
    engine.reload()
    while not running(engine.info(), runtime):
        if time.monotonic() > deadline:
            raise engine.deaf(f"Docker was reloaded and still does not use {runtime} as its default runtime")
        if time.monotonic() > half:
            half = deadline
            engine.reload()
        engine.pause(0.5)


def older_than_hook(module: AnsibleModule, engine: docker_engine.Engine) -> bool:
    hook = module.get_bin_path(module.params["hook"])
    since = engine.since()
    # ctime: a package keeps the mtime that its file had when it was built
    return hook is not None and since is not None and Path(hook).stat().st_ctime > since


def left(module: AnsibleModule, info: dict[str, Any]) -> list[Finding]:
    """What a restart would take: it is done only where no container would stop."""
    containers = info.get("ContainersRunning")
    if containers and not info.get("LiveRestoreEnabled"):
        return [due(module.params["hook"], containers)]
    return []


def of_unit(*, active: bool, done: list[str]) -> list[change.Change]:
    """For what the running Docker reads its file anew, or starts anew."""
    reasons = {"reloaded": ["default-runtime"], "restarted": ["gpus"]}
    after = {"active": True, **{word: why for word, why in reasons.items() if word in done}}
    unit = docker_engine.UNIT
    found: list[change.Change] = change.compared("toolkit", "unit", {unit: {"active": active}}, {unit: after})
    return found


def due(hook: str, containers: int) -> Finding:
    return Finding(
        WARNING,
        "docker-gpus-unknown",
        f"Docker runs since before {hook} came and does not know --gpus; "
        "a restart would stop running containers, because live-restore is off",
        f"{containers} running containers",
        f"a Docker that was started after {hook} came",
        "restart Docker when its containers may stop (`systemctl restart docker`); Graphistry itself does "
        "not use --gpus",
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "runtime": {"type": "str", "required": True},
            "configure": {"type": "list", "elements": "str", "required": True},
            "path": {"type": "path", "default": "/etc/docker/daemon.json"},
            "hook": {"type": "str", "required": True},
            "replaced": {"type": "path", "required": True},
            "before": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    runtime, path = module.params["runtime"], Path(module.params["path"])
    if module.check_mode:
        programs = {"docker": "docker", "toolkit": module.params["configure"][0]}
        for stage, program in programs.items():
            if module.get_bin_path(program) is None:
                module.exit_json(**change.unknown(stage), done=[])
    engine = docker_engine.Engine(module.run_command, "/")
    try:
        changes = of_file(module, path, runtime)
        active = engine.active()
        info = engine.info() if active else None
        stale = older_than_hook(module, engine)
        told = left(module, info or {}) if stale else []
        due_for = {
            "configured": bool(changes),
            "reloaded": not running(info, runtime),
            "restarted": stale and not told,
        }
        done = [word for word, wanted in due_for.items() if wanted]
        changes += of_unit(active=active, done=done)
        if not module.check_mode:
            if due_for["configured"]:
                configure(module, path, engine)
            if due_for["reloaded"]:
                take_over(module, engine, runtime)
            if due_for["restarted"]:
                engine.start(restart=True)
                engine.wait(module.params["timeout"])
            Path(module.params["before"]).unlink(missing_ok=True)
    except docker_engine.EngineError as error:
        words = put_back(module, path, engine, runs=error.code == docker_engine.NOT_RELOADED)
        msg = f"{error}\n{words}" if words else str(error)
        module.fail_json(msg=msg, code=error.code, hint=error.hint, log=error.log)
    findings = [finding.as_dict() for finding in told]
    module.exit_json(**change.answer(changes), done=done, findings=findings)


if __name__ == "__main__":
    main()
