"""Task: what an installation keeps of itself on a host, asked and written around its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..host.machine import Host
from ..record.questions import PROGRAM, QUESTIONS, STATE, answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible.module_utils.basic import AnsibleModule

_WRITES = {"begin", "write", "forget"}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "ask": {"type": "str", "required": True, "choices": list(QUESTIONS)},
    "state": {"type": "path", "default": STATE},
    "program": {"type": "path", "default": PROGRAM},
    "medium": {"type": "path", "default": "/"},
    "package_system": {"type": "str", "choices": ["apt", "dnf"], "default": "apt"},
    "images": {"type": "list", "elements": "str", "default": []},
    "receipt": {"type": "dict", "default": {}},
    "stamp": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
    def command(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        try:
            status, output, said = module.run_command(
                list(argv), environ_update=dict(environment), handle_exceptions=False
            )
        except OSError as error:
            return 127, "", f"{argv[0]}: {error.strerror}"
        return status, output, said

    # what an installation notes of itself is no change of the host
    if module.params["ask"] in _WRITES and module.check_mode:
        module.exit_json(changed=False, record={})
    try:
        said = answer(Host(run=command), module.params)
    except OSError as error:
        module.fail_json(
            msg=f"{error.filename or module.params['state']}: {error.strerror}",
            code="host-record-unusable",
            hint="see that this host's disk has space and can be written, then run the same command again",
        )
    module.exit_json(changed=False, record=said)
