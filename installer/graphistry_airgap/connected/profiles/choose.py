"""Host profiles in a build: do they fit the platforms, which kernels do they name, what can stay behind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphistry_airgap.connected.profiles.host_profile import running_kernels
from graphistry_airgap.core.errors import FindingsError, InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.ports import ReadProfile
    from graphistry_airgap.connected.profiles.host_profile import HostProfile
    from graphistry_airgap.connected.spec import Spec

Profiles = dict[str, tuple["HostProfile", ...]]


def read_profiles(spec: Spec, read: ReadProfile) -> Profiles:
    """The profiles of each platform; raises with every one that is of another platform."""
    found = {
        name: tuple(read(file) for file in platform.profiles) for name, platform in spec.platforms.items()
    }
    misfits = [
        _misfit(profile, name, index)
        for name, profiles in found.items()
        for index, profile in enumerate(profiles)
        if _kind(profile) != _wanted(name)
    ]
    if len(misfits) > 1:
        raise FindingsError(list(misfits))
    if misfits:
        raise misfits[0]
    return found


@contextmanager
def kernels_with_their_profiles(profiles: Sequence[HostProfile]) -> Iterator[None]:
    """A kernel that nobody holds is an error that names the profiles it was found in."""
    try:
        yield
    except InputError as error:
        named = running_kernels(profiles).get(error.details.get("kernel", ""))
        if not named:
            raise
        raise InputError(
            f"{error.message}: it is for the running kernel of {' and '.join(named)}",
            code=error.code,
            hint=error.hint,
            details={**error.details, "profiles": named},
        ) from None


def assumed_notes(closures: Mapping[str, Closure], profiles: Profiles) -> list[str]:
    """What a person should know about packages that the bundle does not hold."""
    return [
        f"{len(closures[name].assumed)} packages for {name} stay behind: "
        f"{'the profile has' if len(found) == 1 else f'all {len(found)} profiles have'} them. "
        "A host without them is refused by preflight."
        for name, found in sorted(profiles.items())
        if found
    ]


def _kind(profile: HostProfile) -> tuple[str, str, str]:
    return profile.platform, profile.architecture, profile.package_system


def _wanted(platform: str) -> tuple[str, str, str]:
    target = PLATFORMS[platform]
    return platform, target.architecture, target.package_system


def _misfit(profile: HostProfile, platform: str, index: int) -> InputError:
    found, needed = (" ".join(kind) for kind in (_kind(profile), _wanted(platform)))
    return InputError(
        f"the host profile {profile.written} is of {found}, and platforms.{platform} needs {needed}",
        code="profile-unfit",
        hint=f"move it to the platform that it is of, or make one on a {platform} host",
        details={"path": f"platforms.{platform}.profiles[{index}]", "found": found, "needed": needed},
    )
