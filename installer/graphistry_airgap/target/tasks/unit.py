"""Task: a unit of systemd that is enabled and runs, or says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


from .. import change
from ..host import unit_words, waits


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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "unit": {"type": "str", "required": True},
    "reread": {"type": "bool", "default": False},
}


def run(module: AnsibleModule) -> None:
    unit = module.params["unit"]

    def is_(state: str) -> bool:
        return bool(module.run_command(["systemctl", f"is-{state}", "--quiet", unit])[0] == 0)

    before = {"enabled": is_("enabled"), "active": is_("active")}
    after = {"enabled": True, "active": True}
    changes = change.compared("services", "unit", {unit: before}, {unit: after})
    if not module.check_mode:
        if module.params["reread"]:
            ask(module, "daemon-reload")
        if not before["enabled"]:
            ask(module, "enable", unit)
        if not before["active"]:
            with waits.telling(lambda: unit_words.waited_for(module.run_command, unit)):
                ask(module, "start", unit)
    done = [word for word, state in (("enabled", "enabled"), ("started", "active")) if not before[state]]
    module.exit_json(**change.answer(changes), done=done)
