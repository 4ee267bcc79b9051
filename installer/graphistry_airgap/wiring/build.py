"""`bundle build` and `bundle sign`: what only the machine with a network does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.bootstrap.render import install_sh, packages_sh
from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.adapters.gpg_signer import GpgSigner
from graphistry_airgap.connected.adapters.spec_file import read_spec
from graphistry_airgap.connected.adapters.writer import BundleWriter
from graphistry_airgap.connected.build import BuildBundle, BuildRequest
from graphistry_airgap.connected.describe.builder_tools import builder_tools
from graphistry_airgap.connected.describe.cyclonedx_sbom import CycloneDx
from graphistry_airgap.connected.describe.describe import DescribeBundle
from graphistry_airgap.connected.describe.package_licences import PackageLicences
from graphistry_airgap.connected.images.docker_archive import DockerArchive
from graphistry_airgap.connected.images.read_contents import ImageContents
from graphistry_airgap.connected.packages.apt_closure import AptClosure
from graphistry_airgap.connected.packages.apt_metadata import AptMetadata
from graphistry_airgap.connected.packages.dnf_closure import DnfClosure
from graphistry_airgap.connected.packages.dnf_metadata import DnfMetadata
from graphistry_airgap.connected.packages.versions import not_older
from graphistry_airgap.connected.profiles.read import read_profile
from graphistry_airgap.connected.release.images import images_of_release
from graphistry_airgap.connected.release.source import ReleaseSource
from graphistry_airgap.connected.resolve import Resolve
from graphistry_airgap.connected.runtime.interpreter import open_interpreter
from graphistry_airgap.connected.runtime.wheels import Runtime
from graphistry_airgap.connected.sign import SignBundle
from graphistry_airgap.connected.vgpu.files import VgpuFiles
from graphistry_airgap.core.adapters.files import require_writable, save_json
from graphistry_airgap.knowledge.knowledge import load_knowledge

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from graphistry_airgap.connected.ports import Packages
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.core.result import Result
    from graphistry_airgap.knowledge.platforms import PackageSystem


def build(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
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
    packages: dict[PackageSystem, Packages] = {
        "apt": AptClosure(cache, AptMetadata(cache, fetcher), fetcher),
        "dnf": DnfClosure(cache, DnfMetadata(cache, fetcher), fetcher),
    }
    return BuildBundle(
        read_spec=read_spec,
        resolve=Resolve(
            read_profile=read_profile,
            not_older=not_older,
            packages=packages,
            releases=ReleaseSource(cache, images_of_release),
            vgpu_files=VgpuFiles(),
            open_interpreter=open_interpreter,
            blobs=cache,
            knowledge=load_knowledge(),
        ),
        packages=packages,
        images=DockerArchive(cache),
        runtimes=Runtime(cache, offline=request.offline),
        blobs=cache,
        writer=BundleWriter(),
        signer=GpgSigner(),
        describe=DescribeBundle(
            ImageContents(cache).read, PackageLicences(cache).read, CycloneDx(cache), builder_tools
        ),
        save_record=save_json,
        installer=install_sh(),
        packages_sh=packages_sh,
    )


def sign(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    return SignBundle(BundleDirectory, check_signature, GpgSigner(), require_writable).run(
        arguments.path, arguments.sign_key, arguments.keyring, progress=progress.task
    )
