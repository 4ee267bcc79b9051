"""Task: the default runtime of Docker, in its file and in the running daemon."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...docker import (
    backup as daemon_backup,
    engine as docker_engine,
    flags as docker_flags,
    json_text as daemon_text,
    validation as daemon_check,
)
from ...finding import WARNING, Finding
from ...host import files as placing
from ...host.machine import Host

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "runtime": {"type": "str", "required": True},
    "configure": {"type": "list", "elements": "str", "required": True},
    "path": {"type": "path", "default": "/etc/docker/daemon.json"},
    "hook": {"type": "str", "required": True},
    "replaced": {"type": "path", "required": True},
    "before": {"type": "path", "required": True},
    "timeout": {"type": "int", "default": 30},
}


def run(module: AnsibleModule) -> None:
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
