"""Task: a unit of systemd that is in its place, enabled and runs, or says why not."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..host import files as placing, unit_words, waits

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SUBJECT = "services"
PLACE = Path("/etc/systemd/system")
MODE = 0o644


def ask(module: AnsibleModule, verb: str, *unit: str) -> None:
    status, _, error = module.run_command(["systemctl", verb, *unit])
    if status:
        log = "".join(unit_words.journal(module.run_command, name) for name in unit)
        what = " ".join(["systemctl", verb, *unit])
        module.fail_json(
            msg=unit_words.told(f"`{what}` fails", error, log),
            code="unit-failed",
            log=log,
            hint=f"see `systemctl status {module.params['unit']}`; when the cause is mended, run the same "
            "install again",
        )


def foreign(file: Path) -> bool:
    """A link, or somebody else's file: whoever may write there says what root runs at boot."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(found.st_mode) or (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid())


def unread(module: AnsibleModule, unit: str) -> bool:
    """Whether systemd holds another text than the file has: a run was killed before it could tell."""
    said = module.run_command(["systemctl", "show", "--property", "NeedDaemonReload", "--value", unit])
    return str(said[1]).strip() == "yes"


ARGUMENTS: dict[str, dict[str, Any]] = {
    "unit": {"type": "str", "required": True},
    "content": {"type": "str", "required": True},
}


def run(module: AnsibleModule) -> None:
    unit, text = module.params["unit"], module.params["content"].encode()
    file = PLACE / unit

    def is_(state: str) -> bool:
        return bool(module.run_command(["systemctl", f"is-{state}", "--quiet", unit])[0] == 0)

    strange = foreign(file)
    there = (None, None) if strange else placing.content_and_mode(file)
    placed = change.of_file(SUBJECT, str(file), there, (text, MODE))
    if strange:
        placed = [replace(one, before={"regular": False}) for one in placed]
    before = {"enabled": is_("enabled"), "active": is_("active")}
    after: dict[str, Any] = {"enabled": True, "active": True}
    if not placed and unread(module, unit):
        after["reloaded"] = [str(file)]
    states = change.compared(SUBJECT, "unit", {unit: before}, {unit: after})
    if not module.check_mode:
        if placed:
            if strange:
                file.unlink()
            placing.write_atomic(file, text, mode=MODE)
        if placed or "reloaded" in after:
            ask(module, "daemon-reload")
        if not before["enabled"]:
            ask(module, "enable", unit)
        if not before["active"]:
            with waits.telling(lambda: unit_words.waited_for(module.run_command, unit)):
                ask(module, "start", unit)
    done = [word for word, state in (("enabled", "enabled"), ("started", "active")) if not before[state]]
    diffs = [*(change.text_diff(one, there[0], text) for one in placed), *(one.diff() for one in states)]
    module.exit_json(**change.answer([*placed, *states], diffs), done=done)
