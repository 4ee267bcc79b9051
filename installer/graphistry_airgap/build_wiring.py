"""Composition of `bundle build`: its adapters around one cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.adapters.apt_closure import AptClosure
from graphistry_airgap.adapters.apt_metadata import AptMetadata
from graphistry_airgap.adapters.bundle_writer import BundleWriter
from graphistry_airgap.adapters.cache import Cache
from graphistry_airgap.adapters.docker_archive import DockerArchive
from graphistry_airgap.adapters.fetch import Fetcher
from graphistry_airgap.adapters.gpg_signer import GpgSigner
from graphistry_airgap.adapters.release_source import ReleaseSource
from graphistry_airgap.adapters.spec_file import read_spec
from graphistry_airgap.adapters.wheels import Runtime
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.services.build_bundle import BuildBundle

if TYPE_CHECKING:
    from graphistry_airgap.services.build_bundle import BuildRequest


def build_bundle_service(request: BuildRequest) -> BuildBundle:
    cache = Cache(request.cache)
    fetcher = Fetcher(cache, offline=request.offline)
    return BuildBundle(
        read_spec=read_spec,
        packages=AptClosure(cache, AptMetadata(cache, fetcher), fetcher),
        releases=ReleaseSource(cache),
        images=DockerArchive(cache),
        runtimes=Runtime(cache, offline=request.offline),
        blobs=cache,
        writer=BundleWriter(),
        signer=GpgSigner(),
        installer=PACKAGE / "data" / "install.sh",
    )
