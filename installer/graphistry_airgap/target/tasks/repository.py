"""Task: make the bundle's package repositories usable, and nothing else's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..host import files as placing
from ..host.digests import sha256
from ..host.machine import Host
from ..packages import systems as package_systems
from ..packages.model import PackageError, Settings
from . import ticket

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

STAMP = "lists.stamp"
MODE = 0o644


def of_files(settings: Settings, wrong: list[Path]) -> list[change.Change]:
    return [
        one
        for path in sorted(wrong)
        for one in change.of_file(
            "repository", str(path), placing.content_and_mode(path), (settings.files[path], MODE)
        )
    ]


def of_lists(lists: Path, stamp: str | None, settings: Settings) -> list[change.Change]:
    """The lists by what they were read from."""

    def told(text: str | None) -> dict[str, str] | None:
        return None if text is None else {"stamp": sha256(text.encode()).hexdigest()}

    before = told(stamp) if lists.is_dir() else None
    found: list[change.Change] = change.compared(
        "repository", "directory", {str(lists): before}, {str(lists): told(settings.stamp)}
    )
    return found


def of_keys(missing: list[dict[str, str]]) -> list[change.Change]:
    after = {key["name"]: {"owner": key["owner"]} for key in missing}
    found: list[change.Change] = change.compared("repository", "key", {}, after)
    return found


ARGUMENTS: dict[str, dict[str, Any]] = {
    "package_system": {"type": "str", "choices": ["apt", "dnf"], "default": "apt"},
    "state": {"type": "path", "required": True},
    "bundle": {"type": "path", "required": True},
    "repositories": {"type": "list", "elements": "dict", "required": True},
    "digests": {"type": "dict", "default": {}},
}


def run(module: AnsibleModule) -> None:
    params: dict[str, Any] = module.params
    state = Path(params["state"])
    ticket.require(module, [Path(params["bundle"])], params["digests"])
    system = package_systems.of(params["package_system"], Host.of_module(module.run_command))
    try:
        settings = system.settings(state, Path(params["bundle"]), params["repositories"], params["digests"])
        stamp = state / STAMP
        known = stamp.read_text(encoding="ascii") if stamp.is_file() else None
        wrong = [
            path for path, data in settings.files.items() if not path.is_file() or path.read_bytes() != data
        ]
        changes = [*of_files(settings, wrong), *of_lists(state / "lists", known, settings)]
        stale = bool(changes)
        missing = [] if stale else system.missing_keys(settings)
        if stale and not module.check_mode:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            stamp.unlink(missing_ok=True)
            for path in wrong:
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                placing.write_atomic(path, settings.files[path], mode=MODE)
            system.read_lists(settings)
            placing.write_atomic(stamp, settings.stamp.encode(), mode=MODE)
            missing = system.missing_keys(settings)
        if missing and not module.check_mode:
            system.add_keys(settings, missing)
    except PackageError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    unread = module.check_mode and stale and system.has_key_store
    said = change.unknown("repository", changes) if unread else change.answer([*changes, *of_keys(missing)])
    module.exit_json(**said, package_config=os.fspath(settings.config), added_keys=missing)
