"""The operator's vGPU files, checked before they may travel: pin, kind, architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.bundle.manifest import is_file_name
from graphistry_airgap.connected.vgpu.guest_driver import MACHINES, read_guest_driver
from graphistry_airgap.connected.vgpu.vgpu import TOKEN, CarriedFile, GuestDriver, Vgpu
from graphistry_airgap.core.adapters.files import sha256_file
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from graphistry_airgap.connected.spec import PinnedPath, VgpuSpec
    from graphistry_airgap.knowledge.platforms import Platform


class VgpuFiles:
    def open(self, spec: VgpuSpec, platform: Platform, *, trust_on_first_use: bool) -> Vgpu:
        """Read and check the files that the spec names for one platform."""
        driver = token = None
        if spec.driver:
            driver = _driver(_carried(spec.driver, "the vGPU guest driver", trust_on_first_use), platform)
        if spec.token:
            token = _carried(spec.token, "the vGPU token", trust_on_first_use, name=TOKEN)
        return Vgpu(driver, token)


def _carried(spec: PinnedPath, what: str, trust_on_first_use: bool, name: str | None = None) -> CarriedFile:
    if not spec.path.is_file():
        raise InputError(
            f"{what} {spec.written} does not exist",
            code="vgpu-file-missing",
            hint="paths are relative to the spec",
        )
    try:
        digest, size = sha256_file(spec.path), spec.path.stat().st_size
    except OSError as error:
        raise InputError(
            f"{what} {spec.written} cannot be read: {error.strerror}",
            code="vgpu-file-missing",
            hint="give the user who builds the bundle the right to read it",
        ) from None
    if spec.sha256 is None and not trust_on_first_use:
        raise InputError(
            f"the spec does not pin {what} {spec.written}",
            code="vgpu-file-unpinned",
            hint=f"write sha256: {digest} beside its path (or pass --trust-on-first-use)",
            details={"sha256": digest},
        )
    if spec.sha256 is not None and spec.sha256 != digest:
        raise InputError(
            f"{what} {spec.written} has sha256 {digest}, the spec pins {spec.sha256}",
            code="vgpu-file-changed",
            hint="compare with where it came from; change the pin only when the file was meant to change",
            details={"sha256": digest},
        )
    return CarriedFile(name or spec.path.name, spec.written, spec.path, size, digest, spec.sha256 is not None)


def _driver(file: CarriedFile, platform: Platform) -> GuestDriver:
    if not is_file_name(file.name):
        raise InputError(
            f"the vGPU guest driver's name {file.name!r} has characters that no package's name has",
            code="vgpu-driver-unreadable",
            hint="give it the name back under which NVIDIA offers it",
        )
    if file.source.suffix.removeprefix(".") not in platform.guest_drivers:
        kinds = " or ".join(f".{kind}" for kind in platform.guest_drivers)
        raise InputError(
            f"the vGPU guest driver {file.name} is no {kinds} file, and {platform.name} takes no other",
            code="vgpu-driver-kind",
            hint=f"take the {kinds} file out of the same download from NVIDIA's licensing portal",
        )
    found = read_guest_driver(file.source)
    architecture = MACHINES.get(platform.architecture, platform.architecture)
    if found.architecture not in (architecture, "all"):
        raise InputError(
            f"the vGPU guest driver {file.name} is for {found.architecture}, "
            f"{platform.name} is {architecture}",
            code="vgpu-driver-architecture",
            hint=f"take the guest driver for {architecture}",
        )
    return GuestDriver(file, found.kind, found.version)
