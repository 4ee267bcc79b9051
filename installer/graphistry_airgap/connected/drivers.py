"""Whether drivers and licence token of a bundle can be of use, decided before anything large is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.packages.branches import branch_names, known
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.target.driver import life as driver_life, prebuilt as driver_prebuilt
from graphistry_airgap.target.gpu import knowledge as gpu_knowledge
from graphistry_airgap.target.vgpu import client_token as vgpu_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphistry_airgap.bundle.driver import Driver
    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.packages.driver import DriverRoots
    from graphistry_airgap.connected.profiles.host_profile import NotOlder
    from graphistry_airgap.connected.release.release import Release
    from graphistry_airgap.connected.spec import Spec
    from graphistry_airgap.connected.vgpu.vgpu import CarriedFile, Vgpu

WAIVER = "driver-range"
TOOLKIT, FIRST_WITH_SHA256 = "nvidia-container-toolkit", "1.18.1"


def driver_notes(
    roots: Mapping[str, DriverRoots], drivers: Mapping[str, Driver], vgpus: Mapping[str, Vgpu]
) -> list[str]:
    """What a person should know about the drivers that were found, and about a token."""
    found = [
        f"The bundle HOLDS A LICENCE TOKEN for {platform}: guard it, and every copy, like the token itself."
        for platform, vgpu in vgpus.items()
        if vgpu.token
    ]
    for platform, driver in drivers.items():
        expected = roots[platform].version
        if expected and expected != driver.version:
            found.append(
                f"The repositories hold driver {driver.version} for {platform}; "
                f"{expected} is the version that is known here."
            )
        if not driver.kernel_images:
            found.append(
                f"No kernel is named for the driver of {platform}: "
                "hosts must have the headers of their kernel already."
            )
    return found


def kernel_notes(
    roots: Mapping[str, DriverRoots], drivers: Mapping[str, Driver], knowledge: dict[str, Any]
) -> list[str]:
    """Kernels for which modules have to be built where the distribution makes such for others, and why."""
    found = []
    for platform, driver in drivers.items():
        flavours = known(knowledge, platform).get("flavours", {})
        for kernel in driver.kernel_images:
            kinds = [kind for kind in roots[platform].prebuilt if kernel not in driver.prebuilt.get(kind, ())]
            if kinds:
                why = driver_prebuilt.unmade(kernel, flavours)
                found.append(
                    f"Kernel {kernel} of {platform}: no ready-made {' and no '.join(kinds)} modules of "
                    f"driver {driver.version}, {why}; DKMS builds them on the host, and Secure Boot wants "
                    "its key enrolled."
                )
    return found


def fips_notes(closures: Mapping[str, Closure], not_older: NotOlder) -> list[str]:
    """The rpms of NVIDIA's toolkit that rpm does not take on hosts in FIPS mode (its issues 116, 1476)."""
    return [
        f"{package.name} {package.version} for {platform} has no SHA-256 digests: in FIPS mode hosts "
        f"refuse it. {FIRST_WITH_SHA256} and later ones have them."
        for platform, closure in closures.items()
        if PLATFORMS[platform].package_system == "dnf"
        for package in closure.groups["toolkit"]
        if package.name == TOOLKIT and not not_older("dnf", package.version, FIRST_WITH_SHA256)
    ]


def require_drivers_in_range(
    spec: Spec,
    release: Release,
    drivers: Mapping[str, Driver],
    vgpus: Mapping[str, Vgpu],
    knowledge: dict[str, Any],
) -> list[str]:
    """Refuse a driver with which the release does not work, unless the spec waives that; returns notes."""
    target = gpu_knowledge.judged(knowledge, release.version, release.cuda)
    found = []
    for what, version, waiver, waived, choices in _versions(spec, drivers, vgpus, knowledge):
        if target.row is None:
            found.append(
                f"Nothing is known about the drivers that {target.name} needs; {what} was not judged."
            )
        for note in gpu_knowledge.driver_notes(target, version):
            if note.code != gpu_knowledge.FORWARD_ONLY and not waived:
                raise InputError(
                    f"{what}: {note.message}",
                    code="driver-out-of-range",
                    hint=f"{choices}, or set {waiver}: [{WAIVER}] in the spec, and waive it in the site "
                    "file too",
                    details={"found": note.found, "needed": note.needed},
                )
            found.append(f"{what}: {note.message}{' (waived)' if waived else ''}.")
    return found


def life_notes(
    release: Release, drivers: Mapping[str, Driver], knowledge: dict[str, Any], *, today: str
) -> list[str]:
    """What NVIDIA's table says of the branches that go into the bundle, on this day (`2026-11-30`)."""
    target = gpu_knowledge.judged(knowledge, release.version, release.cuda)
    told = {
        platform: driver_life.note(knowledge, platform, target, version=driver.version, today=today)
        for platform, driver in drivers.items()
    }
    return [f"The driver for {platform}: {one.message}; {one.hint}." for platform, one in told.items() if one]


def require_usable_token(file: CarriedFile, now: float) -> None:
    """Refuse what is no token, or one that has expired; nothing of its content is ever said."""
    try:
        token = vgpu_token.read(file.source.read_bytes())
    except vgpu_token.TokenError as problem:
        raise InputError(
            f"the vGPU token {file.written} is not a client configuration token: {problem}",
            code="vgpu-token-unreadable",
            hint="download it again from the licence server, and leave it as it is",
        ) from None
    if 0 < token.expires < now:
        raise InputError(
            f"the vGPU token {file.written} expired at {vgpu_token.moment(token.expires)}",
            code="vgpu-token-expired",
            hint="make a new one on the licence server; if it is new, check this machine's clock",
        )


def _versions(
    spec: Spec, drivers: Mapping[str, Driver], vgpus: Mapping[str, Vgpu], knowledge: dict[str, Any]
) -> Iterator[tuple[str, str, str, bool, str]]:
    """What it is, its version, the spec's key for waiving, whether that is set, and the other ways out."""
    for platform, wanted in spec.platforms.items():
        path = f"platforms.{platform}"
        if wanted.driver:
            version, waived = drivers[platform].version, WAIVER in wanted.driver.waive
            choices = (
                f"take another branch (known for {platform}: {branch_names(knowledge, platform)}), or leave "
                "`driver` out where the hosts have a driver that fits"
            )
            yield f"the driver for {platform}", version, f"{path}.driver.waive", waived, choices
        if wanted.vgpu and (guest := vgpus[platform].driver):
            waived = WAIVER in wanted.vgpu.waive
            choices = "take the guest driver of another vGPU release"
            yield (
                f"the vGPU guest driver for {platform}",
                guest.version,
                f"{path}.vgpu.waive",
                waived,
                choices,
            )
