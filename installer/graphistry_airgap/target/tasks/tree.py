"""Task: lay down the release of a bundle, each byte checked while it is copied."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..host import full_disk
from ..stack import current_link, release_tree
from . import ticket

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def _room(error: OSError, dest: Path) -> str:
    return f"; {full_disk.reason(dest)}" if error.errno == errno.ENOSPC else ""


ARGUMENTS: dict[str, dict[str, Any]] = {
    "source": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
    "files": {"type": "dict", "required": True},
    "directories": {"type": "list", "elements": "str", "default": []},
    "replaced": {"type": "path", "required": True},
    "link": {"type": "path"},
}


def run(module: AnsibleModule) -> None:
    files = module.params["files"]
    source, dest = Path(module.params["source"]), Path(module.params["dest"])
    ticket.require(module, [source], {name: entry["sha256"] for name, entry in files.items()})
    # containers read the release as other users, whatever umask a hardened host has
    os.umask(0o022)
    try:
        release_tree.check_names([*files, *module.params["directories"]])
        plan = release_tree.make_plan(dest, files, module.params["directories"])
        link = [current_link.change_of(Path(module.params["link"]), dest)] if module.params["link"] else []
        changes = [*plan.changes, *filter(None, link)]
        if not module.check_mode:
            release_tree.apply_plan(
                plan, source=source, dest=dest, files=files, kept=Path(module.params["replaced"])
            )
            if any(link):
                current_link.point(Path(module.params["link"]), dest)
    except release_tree.TreeError as error:
        module.fail_json(
            msg=str(error),
            path=error.path,
            code=error.code,
            hint=error.hint,
        )
    except OSError as error:
        module.fail_json(
            msg=f"the release cannot be written to {dest}: {error}{_room(error, dest)}",
            code="release-not-written",
            hint="check free space and permissions, then run the same install again",
        )
    module.exit_json(**change.answer(changes), copied=plan.copy)
