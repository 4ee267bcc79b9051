"""Task: a running Docker that has taken over its configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...docker import (
    backup as daemon_backup,
    changes as docker_changes,
    daemon_json as daemon_config,
    engine as docker_engine,
    json_text as daemon_text,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

RELOAD_WAIT = 10


@dataclass(frozen=True)
class Due:
    """Keys for which the running daemon has to be restarted, else those for which a reload is enough."""

    restart: list[str]
    reload: list[str]


def due(
    module: AnsibleModule, engine: docker_engine.Engine, config: dict[str, Any], info: dict[str, Any]
) -> Due:
    """What a daemon lags behind its file in; raises where a restart would stop containers of others."""
    params = module.params
    lag = daemon_config.lag(config, info)
    pending = bool(params["restart"]) or Path(params["pending"]).exists()
    restart = lag.restart or (["log-opts"] if pending else [])
    if restart and not lag.restart and engine.serves_others(info, allowed=params["allow_restart"]):
        restart = []  # log rotation alone stops nobody's containers
    if restart:
        engine.refuse_restart(info, restart, allowed=params["allow_restart"])
    return Due(restart, [] if restart else lag.reload)


NOTHING = Due([], [])


def enabled(module: AnsibleModule) -> bool:
    return bool(module.run_command(["systemctl", "is-enabled", "--quiet", docker_engine.UNIT])[0] == 0)


def after(needed: Due) -> dict[str, Any]:
    state: dict[str, Any] = {"enabled": True, "active": True}
    if needed.restart:
        state["restarted"] = needed.restart
    elif needed.reload:
        state["reloaded"] = needed.reload
    return state


def settle(
    module: AnsibleModule, engine: docker_engine.Engine, config: dict[str, Any], needed: Due
) -> list[str]:
    """Restart or reload a daemon that lags behind its file."""
    params = module.params
    if needed.restart:
        engine.start(restart=True)
        lag = daemon_config.lag(config, engine.wait(params["timeout"]))
        Path(params["pending"]).unlink(missing_ok=True)
        if lag.restart:
            raise engine.down(
                f"Docker was restarted and still does not follow {params['path']}: {lag.restart}"
            )
        needed = Due(needed.restart, lag.reload)
    if needed.reload:
        reload(module, engine, config)
    return (["restarted"] if needed.restart else []) + (["reloaded"] if needed.reload else [])


def reload(module: AnsibleModule, engine: docker_engine.Engine, config: dict[str, Any]) -> None:
    engine.reload()
    for _ in range(RELOAD_WAIT * 2):
        left = daemon_config.lag(config, engine.wait(module.params["timeout"])).reload
        if not left:
            return
        engine.pause(0.5)
    raise engine.deaf(f"Docker was reloaded and still does not follow {module.params['path']}: {left}")


ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "default": "/etc/docker/daemon.json"},
    "allow_restart": {"type": "bool", "default": False},
    "product_root": {"type": "path", "required": True},
    "pending": {"type": "path", "required": True},
    "before": {"type": "path", "required": True},
    "timeout": {"type": "int", "default": 90},
    "config_changes": {"type": "list", "elements": "dict", "default": []},
    "restart": {"type": "list", "elements": "str", "default": []},
}


def run(module: AnsibleModule) -> None:
    params = module.params
    if module.check_mode and module.get_bin_path("docker") is None:
        module.exit_json(**change.unknown("docker"), done=[])
    engine = docker_engine.Engine(module.run_command, params["product_root"])
    path = Path(params["path"])
    mark = Path(params["before"])
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        config = docker_changes.applied(str(path), daemon_text.read(text).values, params["config_changes"])
        before = {"enabled": enabled(module), "active": engine.active()}
        needed = due(module, engine, config, engine.wait(params["timeout"])) if before["active"] else NOTHING
        changes = change.compared(
            "docker", "unit", {docker_engine.UNIT: before}, {docker_engine.UNIT: after(needed)}
        )
        done = [word for word, state in (("enabled", "enabled"), ("started", "active")) if not before[state]]
        if module.check_mode:
            done += (["restarted"] if needed.restart else []) + (["reloaded"] if needed.reload else [])
            module.exit_json(**change.answer(changes), done=done)
        if not before["enabled"]:
            module.run_command(["systemctl", "enable", docker_engine.UNIT], check_rc=True)
        if not before["active"]:
            engine.start(restart=False)
            Path(params["pending"]).unlink(missing_ok=True)
            params["restart"] = []  # the start took over what a restart was due for
            needed = due(module, engine, config, engine.wait(params["timeout"]))
        done += settle(module, engine, config, needed)
        mark.unlink(missing_ok=True)
    except docker_engine.EngineError as error:
        told = ""
        if not module.check_mode and error.code != docker_engine.REFUSED:
            deaf = error.code == docker_engine.NOT_RELOADED
            told = daemon_backup.put_back(mark, path, engine, wait=params["timeout"], runs=deaf)
            Path(params["pending"]).unlink(missing_ok=True)
        msg = f"{error}\n{told}" if told else str(error)
        module.fail_json(msg=msg, code=error.code, hint=error.hint, log=error.log)
    module.exit_json(**change.answer(changes), done=done)
