"""The operator's env files, judged where they are read: no value leaves this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...envfile import context as env_context, disk as env_disk, judge as env_judge, syntax as env_syntax
from ...envfile.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...host.machine import Host

_HTTP, _HTTP_PORT = 80, "CADDY_HTTP_PORT"
FILES = (env_context.CUSTOM, "telemetry.env", "cluster.env", env_context.BRIDGE)


def env_files(host: Host, requirements: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry for each file of this release; before its first installation, of the current one."""
    raw = requirements["env_schema"]
    if not raw:
        return []
    folder = _folder(host, requirements)
    if not folder:
        return []
    found: dict[str, bytes] = {}
    problems: dict[str, list[dict[str, Any]]] = {}
    for name in FILES:
        path = host.path(f"{folder}/{name}")
        try:
            loaded = env_disk.load(path)
            if loaded.state is not None:
                found[name] = loaded.data
            problems[name] = _state(f"{folder}/{name}", path.is_symlink())
        except env_disk.EnvDiskError as error:
            problems[name] = [_problem(error.code, str(error), error.hint)]
    defaults = _defaults(host.path(f"{folder}/{env_context.DEFAULTS}").parents[2] / env_context.DEFAULTS)
    for name, data in found.items():
        with_it = env_context.ORDER if name != env_context.BRIDGE else ()
        others = {other: text for other, text in found.items() if other != name and other in with_it}
        judged = env_judge.judge(data, name, Schema(raw), {**defaults, **others})
        problems[name] += [problem.as_dict() for problem in judged if not _is_told(problem, others)]
    return [{"path": f"{folder}/{name}", "problems": problems[name]} for name in FILES if problems[name]]


def ports(host: Host, requirements: Mapping[str, Any]) -> list[int]:
    """The ports that the release will publish: custom.env may have another one for HTTP."""
    folder = _folder(host, requirements)
    try:
        values = env_syntax.read(host.path(f"{folder}/{FILES[0]}").read_bytes()).values if folder else {}
    except (OSError, env_syntax.EnvTextError):
        values = {}  # what is wrong with it is a finding of its own
    given = values.get(_HTTP_PORT, "")
    http = int(given) if given.isdecimal() and 0 < int(given) < 1 << 16 else _HTTP
    return [http if port == _HTTP else port for port in requirements["ports"]]


def _folder(host: Host, requirements: Mapping[str, Any]) -> str:
    root = requirements["root"]
    folders = [
        f"{root}/{place}/data/config" for place in (f"releases/{requirements['release_version']}", "current")
    ]
    return next((one for one in folders if host.path(f"{one}/{FILES[0]}").exists()), "")


def _state(path: str, is_link: bool) -> list[dict[str, Any]]:
    if not is_link:
        return []
    hint = "put the file itself in the place of the link"
    return [
        _problem(
            "env-file-link",
            f"{path} is a symbolic link, which the installer neither follows nor replaces",
            hint,
        )
    ]


def _defaults(path: Path) -> dict[str, bytes]:
    """The vendor's file; what is wrong with it is said where the release is checked."""
    try:
        loaded = env_disk.load(path)
    except env_disk.EnvDiskError:
        return {}
    return {} if loaded.state is None else {env_context.DEFAULTS: loaded.data}


def _is_told(problem: env_judge.Problem, others: Mapping[str, bytes]) -> bool:
    """Of another file of those that are judged: it says so itself, with the line."""
    return problem.code == "env-file-unreadable" and problem.message.partition(",")[0] in others


def _problem(code: str, message: str, hint: str) -> dict[str, Any]:
    return env_judge.Problem(env_judge.ERROR, code, message, hint, 0).as_dict()
