"""The operator's env files, judged where they are read: no value leaves this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import env_disk, env_judge, env_syntax
from .env_schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .probe_root import Host

FILES = ("custom.env", "telemetry.env", "cluster.env", "connector.env")


def env_files(host: Host, requirements: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry for each file of this release; before its first installation, of the current one."""
    raw = requirements["env_schema"]
    if not raw:
        return []
    root = requirements["root"]
    folders = [
        f"{root}/{place}/data/config" for place in (f"releases/{requirements['release_version']}", "current")
    ]
    folder = next((one for one in folders if host.path(f"{one}/{FILES[0]}").exists()), "")
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
            problems[name] = _standing(f"{folder}/{name}", path.is_symlink())
        except env_disk.EnvDiskError as error:
            problems[name] = [_problem(error.code, str(error), error.hint)]
    values = {name: _values(data) for name, data in found.items()}
    for name, data in found.items():
        others = {other: read for other, read in values.items() if other != name}
        judged = env_judge.judge(data, name, Schema(raw), others)
        problems[name] += [problem.as_dict() for problem in judged]
    return [{"path": f"{folder}/{name}", "problems": problems[name]} for name in FILES if problems[name]]


def _standing(path: str, is_link: bool) -> list[dict[str, Any]]:
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


def _values(data: bytes) -> dict[str, str]:
    try:
        return env_syntax.read(data).values
    except env_syntax.EnvTextError:
        return {}


def _problem(code: str, message: str, hint: str) -> dict[str, Any]:
    return env_judge.Problem(env_judge.ERROR, code, message, hint, 0).as_dict()
