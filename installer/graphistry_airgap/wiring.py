"""Composition: the one module that knows every layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.adapters import host, run_lock
from graphistry_airgap.adapters.documents import load_document
from graphistry_airgap.adapters.event_log import event_log
from graphistry_airgap.adapters.files import sha256_file
from graphistry_airgap.adapters.host_checks import run_checks
from graphistry_airgap.adapters.playbooks import run_playbook
from graphistry_airgap.adapters.receipts import ReceiptStore
from graphistry_airgap.cli.progress import progress_for
from graphistry_airgap.domain import places
from graphistry_airgap.domain.errors import HostEnvironmentError, StageError
from graphistry_airgap.domain.result import Result, failed
from graphistry_airgap.domain.variables import check_facts
from graphistry_airgap.services.build_bundle import BuildRequest, build_bundle
from graphistry_airgap.services.inspect_bundle import inspect_bundle
from graphistry_airgap.services.install import Install, checks_error
from graphistry_airgap.services.status import Status
from graphistry_airgap.services.targets import Asked, Targets
from graphistry_airgap.services.verify_bundle import open_bundle, verify_bundle

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from graphistry_airgap.cli.progress import Silent


def dispatch(arguments: argparse.Namespace, argv: Sequence[str]) -> Result:
    """Run the command that was asked for."""
    name = " ".join(filter(None, (arguments.command, getattr(arguments, "action", None))))
    progress = progress_for(quiet=arguments.quiet, as_json=arguments.json, color=not arguments.no_color)
    return _COMMANDS[name](arguments, argv, progress)
