"""`gpu` and `env`: commands that need no installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core.adapters.machine import this_machine
from graphistry_airgap.installation.adapters import run_lock
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.installed import Installed
from graphistry_airgap.knowledge.env_schema import load_env_schema
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.settings.env import EnvFiles
from graphistry_airgap.settings.gpu import GpuRequest, PlanGpus
from graphistry_airgap.target.envfile.schema import Schema
from graphistry_airgap.target.gpu import discovery as gpu_host
from graphistry_airgap.target.host import resources as probe_host

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.core.result import Result


def gpu_plan(arguments: argparse.Namespace, _: Sequence[str], __: Progress) -> Result:
    request = GpuRequest(
        capture=arguments.capture,
        preset=arguments.preset,
        count=arguments.gpu_count,
        indices=arguments.gpu_indices,
        workers=arguments.workers,
        allow_mig=arguments.allow_mig,
        env_only=arguments.env,
    )
    return PlanGpus(load_knowledge(), _discover_gpus, _installed().release).run(request)


def _discover_gpus() -> tuple[gpu_host.Found, dict[str, int]]:
    here = this_machine()
    return gpu_host.discover(here), probe_host.resources(here)


def env(arguments: argparse.Namespace, _: Sequence[str], __: Progress) -> Result:
    installed = _installed()
    files = EnvFiles(Schema(load_env_schema()), installed.env_file, installed.keep)
    match arguments.action:
        case "get":
            return files.get(arguments.name, arguments.file)
        case "set":
            return files.set(arguments.assignments, arguments.file)
        case "unset":
            return files.unset(arguments.names, arguments.file)
        case "diff":
            return files.diff(arguments.other, arguments.file)
        case "validate":
            return files.validate(arguments.file)
        case _:
            return files.known(arguments.file)


def _installed() -> Installed:
    return Installed(ReceiptFile(), run_lock.is_root, run_lock.require_root)
