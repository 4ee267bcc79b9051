"""Installations that die: everything of a run is killed as soon as a condition holds on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.faults.host_faults import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.hosts.sealed_host import SealedHost

RUNS = "graphistry-airgap-run-*.scope"
KILLED = 137
# The watcher is not part of the run, so it lives through the kill.  What it waits for may be over soon, so it
# goes before everything else, and no program but the kill's is started.
WATCHER = """\
until eval "$1" 2>/dev/null; do $3; done
: >/run/seen-by-test
systemctl kill --signal=KILL "$2"
"""


def kill_when(
    host: SealedHost, condition: str, command: Sequence[str], *, brief: bool = False, timeout: int = 600
) -> None:
    """Run the command and kill all processes of its scope once `condition` (sh) holds.

    `brief`: it holds for milliseconds only, so it is looked at without a pause.
    """
    host.require(["rm", "-f", "/run/seen-by-test"])
    host.put(WATCHER.encode(), "/run/watcher")
    watch = ["systemd-run", "--quiet", "--collect", "--unit=test-watcher", "--property=Nice=-20"]
    host.require([*watch, "sh", "/run/watcher", condition, RUNS, ":" if brief else "sleep 0.02"])
    try:
        result = host.exec(command, timeout=timeout)
        if result.rc != KILLED or host.exec(["test", "-e", "/run/seen-by-test"]).rc != 0:
            pytest.fail(
                f"never true while the run lived: {condition}\n{result.rc} {result.stdout}\n{result.stderr}"
            )
    finally:
        host.exec(["systemctl", "stop", "test-watcher.service"])
    wait_until(host, f"[ -z \"$(systemctl list-units --plain --no-legend --state=active '{RUNS}')\" ]")
