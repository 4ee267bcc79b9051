"""Commands on the host that is installed."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.adapters.silence import silence_reported
from graphistry_airgap.bundle.trust.adapters.required import read_required
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core import places
from graphistry_airgap.core.adapters import root_file
from graphistry_airgap.core.adapters.files import require_writable, write_output
from graphistry_airgap.core.adapters.machine import this_machine
from graphistry_airgap.core.adapters.private_dir import require_private
from graphistry_airgap.core.adapters.process import attached, own_python
from graphistry_airgap.installation.adapters import installed_tool, reboot, run_lock, ticket
from graphistry_airgap.installation.adapters.checks import begun_checks
from graphistry_airgap.installation.adapters.event_log import event_log
from graphistry_airgap.installation.adapters.hosts import Hosts
from graphistry_airgap.installation.adapters.inventory_files import read_inventory
from graphistry_airgap.installation.adapters.media import MountedMedia
from graphistry_airgap.installation.adapters.plan_file import read_plan
from graphistry_airgap.installation.adapters.playbooks import run_playbook
from graphistry_airgap.installation.adapters.reboot import ResumeUnit
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.adapters.resume_state import ResumeStateFile
from graphistry_airgap.installation.adapters.role_specs import role_specs, typed
from graphistry_airgap.installation.bring import Bring
from graphistry_airgap.installation.command import InstallCommand
from graphistry_airgap.installation.fleet.answers import ReadAnswers
from graphistry_airgap.installation.fleet.hold import Hold
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE
from graphistry_airgap.installation.host_profile import MakeHostProfile
from graphistry_airgap.installation.install import Install
from graphistry_airgap.installation.lifecycle.plan import MakePlan
from graphistry_airgap.installation.outcome.record import Record, now
from graphistry_airgap.installation.reboot.ask import Reboots
from graphistry_airgap.installation.reboot.at_boot import ResumeAtBoot
from graphistry_airgap.installation.reboot.resume import Resume
from graphistry_airgap.installation.release_in_use import other_release
from graphistry_airgap.installation.request import Request, Targets
from graphistry_airgap.installation.role_variables import RoleVariables
from graphistry_airgap.installation.status import Status
from graphistry_airgap.installation.verify import Verify
from graphistry_airgap.knowledge.env_schema import load_env_schema
from graphistry_airgap.knowledge.formats import load_document, require
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.hardening.exceptions import ALLOW
from graphistry_airgap.wiring.bundle import open_bundle

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from graphistry_airgap.bundle.verify import VerifiedBundle
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.core.result import Result
    from graphistry_airgap.installation.recap import Recap


def host_profile(arguments: argparse.Namespace, _: Sequence[str], __: Progress) -> Result:
    # what a host is made of is nobody else's business until somebody has decided to carry it out
    write = partial(write_output, mode=0o600)
    script = PACKAGE / "bootstrap" / "host-profile.sh"
    return MakeHostProfile(this_machine(), write, script).run(arguments.output, as_script=arguments.script)


def preflight(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    with run_lock.hold(command="preflight"), ticket.of_this_run() as vouching:
        # an unfit work directory is refused before a medium is read
        installer = _installer(arguments, progress)
        targets = _targets(arguments, progress, vouching(open_bundle))
        return installer.preflight(targets.decide(_request(arguments), thorough=False))


def plan(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    if arguments.output is not None:
        require_writable(arguments.output.absolute().parent, "name another file for the plan")
    with run_lock.hold(command="plan"), ticket.of_this_run() as vouching:
        hosts = _hosts(arguments, progress)
        bring = _bring(arguments, hosts, progress)
        write = partial(write_output, mode=0o600)
        targets = _targets(arguments, progress, vouching(open_bundle))
        decided = targets.decide(_request(arguments), thorough=False)
        return MakePlan(bring, Hold(hosts), event_log, write, now).run(decided, arguments.output)


def install(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    if arguments.wait_for_medium:
        return _resume_at_boot(progress)
    require_private(places.STATE)
    planned = read_plan(arguments.plan)
    with run_lock.hold(command="install"), ticket.of_this_run() as vouching:
        return InstallCommand(
            targets=_targets(arguments, progress, vouching(open_bundle)),
            take_over=installed_tool.take_over,
            resume=Resume(ResumeStateFile(), MountedMedia(), ReceiptFile(), reboot.boot_id),
            install=partial(_installer(arguments, progress).run, planned=planned),
        ).run(_request(arguments), resume=arguments.resume)


def _resume_at_boot(progress: Progress) -> Result:
    """What the unit runs: outside of a run's scope and lock, which the installation takes for itself."""
    run_lock.leave_environment()

    def install(arguments: Sequence[str]) -> int:
        command = [*own_python(), "-m", "graphistry_airgap", "--no-color", *arguments]
        return attached(command, env=run_lock.built_environment())

    with run_lock.alone(places.RUN / "resume-lock", command=places.RESUME_UNIT):
        return ResumeAtBoot(
            states=ResumeStateFile(),
            unit=ResumeUnit(),
            media=MountedMedia(),
            boot_id=reboot.boot_id,
            install=install,
            say=progress.note,
            clock=time.monotonic,
            sleep=time.sleep,
        ).run()


def verify(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    run_lock.require_root()
    run_lock.leave_environment()
    require_private(places.REPORTS)
    decided = _targets(arguments, progress).decide(_request(arguments), thorough=False)
    return Verify(partial(begun_checks, progress=progress), progress).run(decided)


def status(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    run_lock.require_root()
    run_lock.leave_environment()
    hosts = [THIS_MACHINE]
    if arguments.inventory is not None:
        hosts = read_inventory(arguments.inventory, require_private(arguments.work_dir))
    return Status(_hosts(arguments, progress).ask, ResumeStateFile(), reboot.boot_id, now).run(hosts)


def _request(arguments: argparse.Namespace) -> Request:
    return Request(
        arguments.bundle,
        arguments.site,
        arguments.keyring,
        arguments.allow_unsigned,
        bytes_checked=getattr(arguments, "bytes_checked", None),
        allow_older=arguments.allow_older,
        inventory=arguments.inventory,
    )


def _targets(
    arguments: argparse.Namespace,
    progress: Progress,
    open_bundle: Callable[..., VerifiedBundle] = open_bundle,
) -> Targets:
    answers = ReadAnswers(
        load_site=lambda path: load_document(path, "site-v1", what="the site file"),
        check_site=lambda document, file: require(document, "site-v1", file=file),
        read_inventory=lambda path: read_inventory(path, require_private(arguments.work_dir)),
        role_specs=role_specs,
        typed=typed,
    )
    return Targets(
        receipts=ReceiptFile(),
        read_answers=answers,
        signers_required=read_required,
        allowed_here=partial(root_file.those_there, ALLOW, unsafe="allow-unsafe", instead="touch it anew"),
        open_bundle=partial(open_bundle, say=progress.note),
        bundle_digest=lambda bundle, name: BundleDirectory(bundle, progress.note).digest(name),
        ask_hosts=_hosts(arguments, progress).ask,
        other_release=partial(other_release, this_machine()),
        progress=progress,
    )


def _installer(arguments: argparse.Namespace, progress: Progress) -> Install:
    hosts = _hosts(arguments, progress)
    bring = _bring(arguments, hosts, progress)
    reboots = Reboots(ResumeStateFile(), ResumeUnit(), reboot.boot_id, reboot.schedule_restart)
    return Install(bring, Hold(hosts), Record(hosts), event_log, reboots)


def _bring(arguments: argparse.Namespace, hosts: Hosts, progress: Progress) -> Bring:
    return Bring(
        runner=_run_watched,
        checks=partial(begun_checks, progress=progress),
        hosts=hosts,
        progress=progress,
        variables=RoleVariables(load_knowledge(), load_env_schema()),
        work_root=require_private(arguments.work_dir),
    )


def _hosts(arguments: argparse.Namespace, progress: Progress) -> Hosts:
    return Hosts(run_playbook, lambda: require_private(arguments.work_dir), progress)


def _run_watched(
    playbook: str, *, hosts: Mapping[str, Mapping[str, Any]], progress: Progress, **given: Any
) -> dict[str, Recap]:
    (bundle,) = {host["airgap_bundle"] for host in hosts.values()}
    with silence_reported(Path(bundle), progress.note):
        return run_playbook(playbook, hosts=hosts, progress=progress, **given)
