"""Task: what the installer adds to Docker's `daemon.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...docker import (
    backup as daemon_backup,
    changes as docker_changes,
    daemon_json as daemon_config,
    engine as docker_engine,
    flags as docker_flags,
    json_text as daemon_text,
    validation as daemon_check,
)
from ...finding import INFO, Finding
from ...host import files as placing
from ...host.machine import Host
from .. import ticket

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def read(module: AnsibleModule, path: Path) -> dict[str, Any]:
    """An absent or empty file is an empty configuration; anything but an object is refused."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        config: dict[str, Any] = dict(daemon_text.read(text).values)
    except ValueError as error:
        module.fail_json(
            msg=f"{path} cannot be read: {error}",
            code="host-daemon-json-unreadable",
            hint="mend the file; Docker cannot read it either. It was not changed",
        )
    return config


def written_pools(module: AnsibleModule) -> list[list[dict[str, Any]]]:
    path = Path(module.params["written"])
    try:
        known: list[list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return known


def remember_pools(module: AnsibleModule, pools: list[dict[str, Any]]) -> None:
    """Before the file is written: a list that never came to be there matches nothing of a site."""
    known = written_pools(module)
    if pools and pools not in known:
        path = Path(module.params["written"])
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        placing.write_atomic(path, json.dumps([*known, pools]).encode(), mode=0o600)


def write(module: AnsibleModule, path: Path, merged: dict[str, Any], *, restart: bool) -> None:
    if restart:
        # log options are not part of `docker info`; the mark survives a kill before the restart
        pending = Path(module.params["pending"])
        pending.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        placing.write_atomic(pending, b"", mode=0o600)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    placing.keep_replaced(path, Path(module.params["replaced"]))
    placing.write_atomic(
        path, as_text(merged).encode(), mode=placing.mode_of(path) or docker_changes.NEW_MODE
    )


def as_text(merged: dict[str, Any]) -> str:
    return json.dumps(merged, indent=4, sort_keys=True) + "\n"


def refuse(
    module: AnsibleModule, engine: docker_engine.Engine, argv: list[str], merged: dict[str, Any]
) -> None:
    """What dockerd would not start with is not written."""
    path = module.params["path"]
    words = daemon_check.refusal(engine.run, argv, as_text(merged), path)
    if words:
        module.fail_json(
            msg=f"{words}\nso dockerd answers to {path} with what is added to it; the file was not changed",
            code="host-daemon-json-refused",
            hint="mend the file, or the flags of Docker's unit (`systemctl cat docker`), "
            "then run the same install again",
        )


def left(keys: list[str]) -> dict[str, Any]:
    finding = Finding(
        INFO,
        "docker-log-rotation-left",
        f"{', '.join(keys)} would need a restart of Docker, which runs containers of others: left as it was",
        ", ".join(keys),
        "nothing",
        "set them in daemon.json yourself, and restart Docker when it suits",
    )
    told: dict[str, Any] = finding.as_dict()
    return told


ARGUMENTS: dict[str, dict[str, Any]] = {
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
    "written": {"type": "path", "required": True},
    "before": {"type": "path", "required": True},
    "packages": {"type": "list", "elements": "str", "default": []},
}


def run(module: AnsibleModule) -> None:
    params = module.params
    path = Path(params["path"])
    ticket.require(module)  # before packages of a bundle come, Docker is made ready for them
    config = read(module, path)
    engine = docker_engine.Engine(module.run_command, params["product_root"])
    installed = module.get_bin_path("docker") is not None
    info = engine.info() if installed and engine.active() else None
    flags = docker_flags.flags(Host.of_module(module.run_command), params["packages"])
    told: list[dict[str, Any]] = []
    wanted = daemon_config.Wanted(
        params["data_root"],
        params["image_store"],
        params["address_pools"],
        params["log_options"],
        written_pools(module),
    )
    try:
        root = docker_engine.inspect_root({**docker_flags.as_settings(flags.keys), **config}, info)
        merged = daemon_config.merge(config, wanted, root, flags.keys)
        needed = daemon_config.without_optional(config, merged)
        restart = daemon_config.needs_restart(config, merged) if info else []
        due = daemon_config.needs_restart(config, needed) if info else []
        if restart and not due and engine.serves_others(info, allowed=params["allow_restart"]):
            # nothing of somebody else's stops for what is only good to have
            told.append(left(restart))
            merged, restart = needed, []
        if info and restart:
            engine.refuse_restart(info, restart, allowed=params["allow_restart"])
    except (daemon_config.ConfigError, docker_engine.EngineError) as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    if merged != config and installed:
        refuse(module, engine, flags.argv, merged)
    changes, diffs = docker_changes.of_file("docker", str(path), config, merged, there=path.exists())
    if changes and not module.check_mode:
        if merged.get(daemon_config.POOLS) != config.get(daemon_config.POOLS):
            remember_pools(module, merged.get(daemon_config.POOLS) or [])
        daemon_backup.remember(Path(params["before"]), path, engine.running_containers() if info else [])
        write(module, path, merged, restart=bool(restart))
    module.exit_json(**change.answer(changes, diffs), restart=restart, findings=told)
