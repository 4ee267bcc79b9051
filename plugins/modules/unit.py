#!/usr/bin/python
"""Ansible module: a unit of systemd that is enabled and runs, or says why not."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit
short_description: Enable and start a unit of systemd
version_added: "0.1.0"
description:
  - As C(ansible.builtin.systemd_service) does; but where the unit does not start, the error has systemd's
    words and the last lines of the unit's journal, which name the cause.
options:
  unit:
    description: The unit, with its suffix.
    type: str
    required: true
  reread:
    description: Whether systemd has to read its units anew.
    type: bool
    default: false
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows the unit's state.
"""

EXAMPLES = r"""
- name: Enable and start a unit whose file is new
  graphistry.airgap.unit:
    unit: graphistry.service
    reread: true
"""

RETURN = r"""
changes:
  description: The unit's state, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
done:
  description: What was done, from enabled and started.
  returned: success
  type: list
  elements: str
log:
  description: The last lines of the unit's journal.
  returned: failure
  type: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.host import unit_words, waits


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


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "reread": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
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


if __name__ == "__main__":
    main()
