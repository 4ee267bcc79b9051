"""Composition: the one module that knows every layer."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.adapters import host, installed_tool, reboot, run_lock
from graphistry_airgap.adapters.apt_closure import AptClosure
from graphistry_airgap.adapters.apt_metadata import AptMetadata
from graphistry_airgap.adapters.attended import silence_told
from graphistry_airgap.adapters.builder_tools import builder_tools
from graphistry_airgap.adapters.bundle_dir import BundleDirectory
from graphistry_airgap.adapters.bundle_writer import BundleWriter
from graphistry_airgap.adapters.cache import Cache
from graphistry_airgap.adapters.cyclonedx_sbom import CycloneDx
from graphistry_airgap.adapters.dnf_closure import DnfClosure
from graphistry_airgap.adapters.dnf_metadata import DnfMetadata
from graphistry_airgap.adapters.docker_archive import DockerArchive
from graphistry_airgap.adapters.documents import load_document
from graphistry_airgap.adapters.env_schema import load_env_schema
from graphistry_airgap.adapters.event_log import event_log
from graphistry_airgap.adapters.evidence_files import EvidenceFiles, circumstances
from graphistry_airgap.adapters.fetch import Fetcher
from graphistry_airgap.adapters.files import require_writable, save_json, write_output
from graphistry_airgap.adapters.gpg_signer import GpgSigner
from graphistry_airgap.adapters.host_checks import run_checks
from graphistry_airgap.adapters.image_contents import ImageContents
from graphistry_airgap.adapters.knowledge import load_knowledge
from graphistry_airgap.adapters.medium import MountedMedia
from graphistry_airgap.adapters.package_licences import PackageLicences
from graphistry_airgap.adapters.package_versions import not_older
from graphistry_airgap.adapters.playbooks import run_playbook
from graphistry_airgap.adapters.process import attended, own_python
from graphistry_airgap.adapters.process import run as run_process
from graphistry_airgap.adapters.profile_files import read_profile
from graphistry_airgap.adapters.reboot import ResumeUnit
from graphistry_airgap.adapters.receipts import ReceiptStore
from graphistry_airgap.adapters.release_source import ReleaseSource
from graphistry_airgap.adapters.resume_state import ResumeStateFile
from graphistry_airgap.adapters.signature import check_signature, read_keyring
from graphistry_airgap.adapters.spec_file import read_spec
from graphistry_airgap.adapters.vgpu_files import VgpuFiles
from graphistry_airgap.adapters.wheels import Runtime
from graphistry_airgap.adapters.work_dir import require_private
from graphistry_airgap.cli.progress import progress_for
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.domain import places, rungs
from graphistry_airgap.domain.errors import InputError
from graphistry_airgap.domain.result import Result, failed
from graphistry_airgap.domain.variables import check_facts
from graphistry_airgap.plugins.module_utils.airgap import env_disk, gpu_host, kernel_boot, probe_host
from graphistry_airgap.plugins.module_utils.airgap.env_schema import CUSTOM, Schema
from graphistry_airgap.plugins.module_utils.airgap.probe_root import Host
from graphistry_airgap.services.build_bundle import BuildBundle, BuildRequest
from graphistry_airgap.services.describe_bundle import DescribeBundle
from graphistry_airgap.services.env_files import EnvFiles
from graphistry_airgap.services.host_profile import MakeHostProfile
from graphistry_airgap.services.inspect_bundle import inspect_bundle
from graphistry_airgap.services.install import Install, checks_error
from graphistry_airgap.services.plan_gpus import GpuRequest, PlanGpus
from graphistry_airgap.services.reboots import Reboots
from graphistry_airgap.services.resume import Resume
from graphistry_airgap.services.resume_at_boot import ResumeAtBoot
from graphistry_airgap.services.sign_bundle import SignBundle
from graphistry_airgap.services.status import Status
from graphistry_airgap.services.targets import Asked, Targets
from graphistry_airgap.services.verify_bundle import VerifiedBundle, verification_result, verify_bundle
from graphistry_airgap.services.verify_report import VerifyWithReport

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from graphistry_airgap.cli.progress import Silent
    from graphistry_airgap.domain.progress import Progress
    from graphistry_airgap.domain.recap import Recap
    from graphistry_airgap.services.install import Target


def dispatch(arguments: argparse.Namespace, argv: Sequence[str]) -> Result:
    """Run the command that was asked for."""
    name = " ".join(filter(None, (arguments.command, getattr(arguments, "action", None))))
    progress = progress_for(quiet=arguments.quiet, as_json=arguments.json, color=not arguments.no_color)
    return _COMMANDS[name](arguments, argv, progress)


def _bundle_build(arguments: argparse.Namespace, _: Sequence[str], progress: Silent) -> Result:
    request = BuildRequest(
        spec=arguments.spec,
        output=arguments.output,
        cache=arguments.cache,
        sign_key=arguments.sign_key,
        offline=arguments.offline,
        trust_on_first_use=arguments.trust_on_first_use,
    )
    return build_bundle_service(request).run(request, progress=progress.note)


def build_bundle_service(request: BuildRequest) -> BuildBundle:
    """`bundle build` with its adapters around one cache."""
    cache = Cache(request.cache)
    fetcher = Fetcher(cache, offline=request.offline)
    return BuildBundle(
        read_spec=read_spec,
        read_profile=read_profile,
        not_older=not_older,
        packages={
            "apt": AptClosure(cache, AptMetadata(cache, fetcher), fetcher),
            "dnf": DnfClosure(cache, DnfMetadata(cache, fetcher), fetcher),
        },
        releases=ReleaseSource(cache),
        vgpu_files=VgpuFiles(),
        images=DockerArchive(cache),
        runtimes=Runtime(cache, offline=request.offline),
        blobs=cache,
        writer=BundleWriter(),
        signer=GpgSigner(),
        describe=DescribeBundle(
            ImageContents(cache).read, PackageLicences(cache).read, CycloneDx(cache), builder_tools
        ),
        save_record=save_json,
        installer=PACKAGE / "data" / "install.sh",
        knowledge=load_knowledge(),
    )


def _bundle_verify(arguments: argparse.Namespace, _: Sequence[str], progress: Silent) -> Result:
    keyring = arguments.keyring or places.KEYRING
    given: dict[str, Any] = {"allow_unsigned": arguments.allow_unsigned, "progress": progress.task}
    if arguments.report is None:
        return verification_result(_open_bundle(arguments.path, keyring, say=progress.note, **given))
    return VerifyWithReport(
        lambda place: BundleDirectory(place, progress.note),
        check_signature,
        read_keyring,
        circumstances,
        EvidenceFiles(),
    ).run(arguments.path, keyring, arguments.report, **given)


def _bundle_inspect(arguments: argparse.Namespace, _: Sequence[str], __: Silent) -> Result:
    return inspect_bundle(
        arguments.path, arguments.keyring, open_directory=BundleDirectory, check_signature=check_signature
    )


def _bundle_sign(arguments: argparse.Namespace, _: Sequence[str], progress: Silent) -> Result:
    return SignBundle(BundleDirectory, check_signature, GpgSigner(), require_writable).run(
        arguments.path, arguments.sign_key, arguments.keyring, progress=progress.task
    )


def _host_profile(arguments: argparse.Namespace, _: Sequence[str], __: Silent) -> Result:
    # what a host is made of is nobody else's business until somebody has decided to carry it out
    write = partial(write_output, mode=0o600)
    script = PACKAGE / "data" / "host-profile.sh"
    return MakeHostProfile(_here(), write, script).run(arguments.output, as_script=arguments.script)


def _preflight(arguments: argparse.Namespace, argv: Sequence[str], progress: Silent) -> Result:
    run_lock.require_root()
    run_lock.enter_scope(argv)
    with run_lock.hold(command="preflight"):
        target = _targets(progress).decide(_asked(arguments), thorough=False)
        return _installer(arguments, progress).preflight(target)


def _install(arguments: argparse.Namespace, argv: Sequence[str], progress: Silent) -> Result:
    run_lock.require_root()
    if arguments.wait_for_medium:
        return _resume_at_boot(progress)
    run_lock.enter_scope(argv)
    require_private(places.STATE)
    with run_lock.hold(command="install"):
        asked, targets = _asked(arguments), _targets(progress)

        def decide(asked: Asked) -> Target:
            target = targets.decide(asked)
            installed_tool.take_over()
            return target

        if not arguments.resume:
            return _installer(arguments, progress).run(decide(asked))
        resume = Resume(ResumeStateFile(), MountedMedia(), ReceiptStore(), reboot.boot_id)
        return resume.run(asked, decide, lambda *given: _installer(arguments, progress).run(*given))


def _resume_at_boot(progress: Silent) -> Result:
    """What the unit runs: outside of a run's scope and lock, which the installation takes for itself."""
    run_lock.leave_environment()

    def install(arguments: Sequence[str]) -> int:
        command = [*own_python(), "-m", "graphistry_airgap", "--no-color", *arguments]
        return attended(command, env=run_lock.built_environment())

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


def _verify(arguments: argparse.Namespace, _: Sequence[str], progress: Silent) -> Result:
    run_lock.require_root()
    run_lock.leave_environment()
    target = _targets(progress).decide(_asked(arguments), thorough=False)
    summary = run_checks(
        check_facts(target.site, target.bundle, target.provenance), reports=require_private(places.REPORTS)
    )
    if summary["failed"]:
        return failed(checks_error(summary), data=summary)
    return Result(
        data=summary,
        messages=[
            f"{summary['passed']} checks passed, {summary['skipped']} not applicable.",
            *rungs.lines(summary["rungs"]),
            f"JUnit: {summary['junit']}",
        ],
    )


def _status(_: argparse.Namespace, __: Sequence[str], ___: Silent) -> Result:
    run_lock.require_root()
    run_lock.leave_environment()
    return Status(
        ReceiptStore(),
        host.defined_services,
        host.stack_services,
        ResumeStateFile(),
        reboot.boot_id,
        lambda: kernel_boot.probe(_here()),
    ).run()


def _gpu_plan(arguments: argparse.Namespace, _: Sequence[str], __: Silent) -> Result:
    request = GpuRequest(
        capture=arguments.capture,
        preset=arguments.preset,
        count=arguments.gpu_count,
        indices=arguments.gpu_indices,
        workers=arguments.workers,
        allow_mig=arguments.allow_mig,
        env_only=arguments.env,
    )
    return PlanGpus(load_knowledge(), _discover_gpus, _installed_release).run(request)


def _here() -> Host:
    def run(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
        done = run_process(argv, env=environment)
        return done.returncode, done.stdout, done.stderr

    return Host(run=run)


def _discover_gpus() -> tuple[gpu_host.Found, dict[str, int]]:
    here = _here()
    return gpu_host.discover(here), probe_host.resources(here)


def _installed_release() -> tuple[str, str]:
    """Release and CUDA flavour of the last receipt; empty without one."""
    receipt = _receipt_for_root() or {}
    return receipt.get("bundle", {}).get("release", ""), (receipt.get("gpu") or {}).get("cuda", "")


def _env(arguments: argparse.Namespace, _: Sequence[str], __: Silent) -> Result:
    files = EnvFiles(Schema(load_env_schema()), _installed_env, _keep_installed)
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


def _installed_env() -> Path:
    run_lock.require_root()
    receipt = ReceiptStore().load()
    if receipt is None:
        raise InputError(
            "nothing is installed here, and no env file was named",
            code="env-file-missing",
            hint="name an env file: --file PATH",
        )
    release = Path(receipt["site"]["root"], "releases", receipt["bundle"]["release"])
    return release / "data" / "config" / CUSTOM


def _keep_installed(path: Path) -> None:
    """A file of the installation is kept before a change, as everything that is replaced there."""
    receipt = _receipt_for_root()
    if receipt is not None and path.absolute().is_relative_to(receipt["site"]["root"]):
        env_disk.keep(path, places.STATE / "replaced")


def _receipt_for_root() -> dict[str, Any] | None:
    """Nobody else may read it; what others ask for depends on no installation."""
    return ReceiptStore().load() if os.geteuid() == 0 else None


def _open_bundle(path: Path, keyring: Path, *, say: Callable[[str], None], **options: Any) -> VerifiedBundle:
    return verify_bundle(
        path,
        keyring,
        open_directory=lambda place: BundleDirectory(place, say),
        check_signature=check_signature,
        **options,
    )


def _asked(arguments: argparse.Namespace) -> Asked:
    return Asked(
        arguments.bundle,
        arguments.site,
        arguments.keyring,
        arguments.allow_unsigned,
        bytes_checked=getattr(arguments, "bytes_checked", None),
        allow_older=arguments.allow_older,
    )


def _targets(progress: Silent) -> Targets:
    return Targets(
        receipts=ReceiptStore(),
        load_site=lambda path: load_document(path, "site-v1", what="the site file"),
        open_bundle=partial(_open_bundle, say=progress.note),
        bundle_digest=lambda bundle, name: BundleDirectory(bundle, progress.note).digest(name),
        host_platform=host.platform_name,
        progress=progress,
    )


def _installer(arguments: argparse.Namespace, progress: Silent) -> Install:
    return Install(
        runner=_run_watched,
        checks=run_checks,
        receipts=ReceiptStore(),
        event_log=event_log,
        packages_before=host.packages_before,
        installed_packages=host.installed_packages,
        local_images=host.local_images,
        has_signing_key=places.SIGNING_KEY.exists,
        progress=progress,
        knowledge=load_knowledge(),
        env_schema=load_env_schema(),
        reboots=Reboots(ResumeStateFile(), ResumeUnit(), reboot.boot_id, reboot.schedule_restart),
        work_root=require_private(arguments.work_dir),
    )


def _run_watched(playbook: str, *, variables: dict[str, Any], progress: Progress, **given: Any) -> Recap:
    with silence_told(Path(variables["airgap_bundle"]), progress.note):
        return run_playbook(playbook, variables=variables, progress=progress, **given)


_COMMANDS: dict[str, Callable[[argparse.Namespace, Sequence[str], Silent], Result]] = {
    "bundle build": _bundle_build,
    "bundle verify": _bundle_verify,
    "bundle inspect": _bundle_inspect,
    "bundle sign": _bundle_sign,
    "host profile": _host_profile,
    "preflight": _preflight,
    "install": _install,
    "verify": _verify,
    "status": _status,
    "gpu plan": _gpu_plan,
    **{f"env {action}": _env for action in ("get", "set", "unset", "diff", "validate", "schema")},
}
