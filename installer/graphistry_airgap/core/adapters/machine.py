"""The machine that this process runs on, as probes see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core.adapters.process import run as run_process
from graphistry_airgap.target.host.machine import Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def this_machine() -> Host:
    def run(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        done = run_process(argv, env=environment)
        return done.returncode, done.stdout, done.stderr

    return Host(run=run)
