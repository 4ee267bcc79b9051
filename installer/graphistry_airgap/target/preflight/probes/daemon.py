"""Docker as it will run: flags and file together, what dockerd says of them, and what would restart it.

Values of settings stay here (a proxy's may hold a password); keys and reasons go into the profile.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ...docker import (
    daemon_json as daemon_config,
    flags as docker_flags,
    json_text as daemon_text,
    settings as daemon_table,
    validation as daemon_check,
)
from .docker import DAEMON_JSON, written_pools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...host.machine import Host

# moby, daemon/config: of all keys these alone may stand in both
_BOTH = frozenset({"runtimes"})
# NVIDIA's toolkit writes its runtime into the file, as the default one
_SET_BY_TOOLKIT = "default-runtime"
_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")


def daemon(host: Host, requirements: Mapping[str, Any], engine: Mapping[str, Any]) -> dict[str, Any]:
    """Keys that flags give, `judged` by the table, dockerd's `refusal` of the file now and then, restarts."""
    text = host.text(DAEMON_JSON) or ""
    flags = docker_flags.flags(host, [item["name"] for item in requirements["packages"]])
    found: dict[str, Any] = {"flags": sorted(flags.keys), "argv": flags.argv, "conflicts": [], "twice": []}
    found |= {"judged": [], "refusal": "", "refusal_then": "", "restart": [], "optional": [], "problem": None}
    try:
        config = daemon_text.read(text)
    except daemon_text.TextError:
        return found  # said as not being JSON
    found["conflicts"] = sorted(set(config.values) & set(flags.keys) - _BOTH)
    found["twice"] = config.twice
    judged = daemon_table.judge(_together(config.values, flags), exists=lambda name: _exists(host, name))
    found["judged"] = [{"key": one.key, "kind": one.kind, "why": one.why} for one in judged]
    found["refusal"] = _refusal(host, flags, text) if text.strip() else ""
    told, merged = _merged(host, requirements, engine, config.values, flags)
    # what dockerd said of the same settings it says again
    then = found["refusal"] if merged in ({}, config.values) else _refusal(host, flags, json.dumps(merged))
    return found | told | {"refusal_then": then}


def _together(config: Mapping[str, Any], flags: docker_flags.Flags) -> dict[str, Any]:
    """Runtimes alone may come from both, and then count together."""
    given = docker_flags.as_settings(flags.keys)
    both = {
        key: {**given[key], **config[key]} for key in _BOTH & set(given) if isinstance(config.get(key), dict)
    }
    return {**given, **config, **both}


def _merged(
    host: Host,
    requirements: Mapping[str, Any],
    engine: Mapping[str, Any],
    config: dict[str, Any],
    flags: docker_flags.Flags,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What restarts for what the docker stage will write, and that, by the stage's own functions."""
    info = engine.get("info") or {}
    wanted = daemon_config.Wanted(
        requirements["data_root"],
        requirements["image_store"],
        requirements["address_pools"],
        {"max-size": "10m"},
        written_pools(host),
    )
    here = daemon_config.Root(daemon_config.current_root(_together(config, flags)))
    root = daemon_config.running_root(info) if info else here
    try:
        merged = daemon_config.merge(config, wanted, root, flags.keys)
        if requirements["gpu"] and _SET_BY_TOOLKIT in flags.keys:
            daemon_config.refuse_as_flags([_SET_BY_TOOLKIT], flags.keys)
    except daemon_config.ConfigError as error:
        return {"problem": {"message": str(error), "code": error.code, "hint": error.hint}}, {}
    needed = daemon_config.without_optional(config, merged)
    if not info:
        return {}, merged
    restart = daemon_config.needs_restart(config, needed)
    lag = daemon_config.lag(config, info).restart
    optional = sorted(set(daemon_config.needs_restart(config, merged)) - set(restart))
    return {"restart": sorted({*restart, *lag}), "optional": optional}, merged


def _refusal(host: Host, flags: docker_flags.Flags, text: str) -> str:
    if not any(os.access(host.path(f"{folder}/dockerd"), os.X_OK) for folder in _FOLDERS):
        return ""
    return daemon_check.refusal(lambda argv: host.run(argv, {"LC_ALL": "C"}), flags.argv, text, DAEMON_JSON)


def _exists(host: Host, program: str) -> bool:
    if program.startswith("/"):
        return host.path(program).is_file()
    return any(host.path(f"{folder}/{program}").is_file() for folder in (*_FOLDERS, "/sbin", "/bin"))
