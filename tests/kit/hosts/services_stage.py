"""The services stage alone, by the installed tool's own runner; what it prints is what an operator reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

_RUN = """\
import json, sys
from pathlib import Path
from graphistry_airgap.installation.adapters.playbooks import run_playbook
from graphistry_airgap.cli.progress import Lines
from graphistry_airgap.cli.render import render
from graphistry_airgap.core.result import Result, failed, envelope
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE
from graphistry_airgap.installation.install import failure_of

logged = []
hosts = {THIS_MACHINE.name: {**THIS_MACHINE.connection, **json.loads(sys.argv[1])}}
recaps = run_playbook("services.yml", hosts=hosts,
    work_root=Path("/run/graphistry-airgap"), progress=Lines(), log=logged.append)
recap = recaps[THIS_MACHINE.name]
result = failed(failure_of(recap.failures[0])) if recap.failures else Result()
render("install", result, as_json=False)
print(json.dumps({**envelope("install", result), "logged": logged}))
"""
_PYTHON = '"$(dirname "$(readlink -f /opt/graphistry-airgap/bin/graphistry-airgap)")/python3"'


def services_stage(host: SealedHost, **variables: Any) -> tuple[dict[str, Any], str]:
    """The envelope, with the events as `logged`, and what stood on stderr."""
    command = f'exec {_PYTHON} -c "$1" "$2"'
    done = host.exec(["sh", "-c", command, "services", _RUN, json.dumps(variables)], timeout=600)
    if not done.stdout.strip():
        raise RuntimeError(f"the stage did not run: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, done.stderr
