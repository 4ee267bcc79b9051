"""What a spec resolves to before anything large is fetched: its release, packages and driver."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.drivers import (
    driver_notes,
    fips_notes,
    kernel_notes,
    life_notes,
    require_drivers_in_range,
    require_usable_token,
)
from graphistry_airgap.connected.packages.branches import settled
from graphistry_airgap.connected.packages.driver import (
    driver_roots,
    other_kernel_notes,
    resolved_driver,
    wanted_packages,
)
from graphistry_airgap.connected.profiles.choose import (
    Profiles,
    assumed_notes,
    kernels_with_their_profiles,
    read_profiles,
)
from graphistry_airgap.connected.profiles.host_profile import (
    kernels_to_build_for,
    running_kernels,
    without_assumed,
)
from graphistry_airgap.connected.runtime.pythons import python_notes
from graphistry_airgap.knowledge.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graphistry_airgap.bundle.driver import Driver
    from graphistry_airgap.connected import ports
    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.profiles.host_profile import NotOlder
    from graphistry_airgap.connected.release.release import Release
    from graphistry_airgap.connected.runtime.interpreter import Interpreter
    from graphistry_airgap.connected.spec import Spec
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu
    from graphistry_airgap.knowledge.platforms import PackageSystem


@dataclass(frozen=True)
class Resolved:
    """By platform, but for the release; `notes` are for the builder."""

    release: Release
    closures: dict[str, Closure]
    drivers: dict[str, Driver]
    vgpus: dict[str, Vgpu]
    interpreters: dict[str, Interpreter]
    profiles: Profiles
    notes: list[str]


@dataclass(frozen=True)
class Resolve:
    read_profile: ports.ReadProfile
    not_older: NotOlder
    packages: Mapping[PackageSystem, ports.Packages]
    releases: ports.Releases
    vgpu_files: ports.VgpuFiles
    open_interpreter: ports.OpenInterpreter
    blobs: ports.Blobs
    knowledge: dict[str, Any]

    def __call__(self, spec: Spec, *, trust_on_first_use: bool, progress: Callable[[str], None]) -> Resolved:
        """Raises with the first thing that keeps a bundle from being made of it."""
        spec, notes = self._settle(spec, progress)
        vgpus = self._open_vgpus(spec, trust_on_first_use=trust_on_first_use)
        interpreters = {
            name: self.open_interpreter(platform.interpreter, PLATFORMS[name])
            for name, platform in spec.platforms.items()
            if platform.interpreter
        }
        profiles = read_profiles(spec, self.read_profile)
        wanted = {
            name: wanted_packages(
                self.knowledge,
                PLATFORMS[name],
                platform,
                vgpus.get(name),
                running=running_kernels(profiles[name]),
                without_headers=kernels_to_build_for(profiles[name]),
            )
            for name, platform in spec.platforms.items()
        }
        with ThreadPoolExecutor(2) as pool:
            progress(f"read the release {spec.release.written}")
            opened = pool.submit(self.releases.open, spec.release, trust_on_first_use=trust_on_first_use)
            resolving = {}
            for name, platform in spec.platforms.items():
                progress(f"resolve packages for {name}")
                packages = self.packages[PLATFORMS[name].package_system]
                resolving[name] = pool.submit(
                    packages.resolve, PLATFORMS[name], platform.repositories, wanted[name]
                )
            closures = {}
            for name, future in resolving.items():
                with kernels_with_their_profiles(profiles[name]):
                    closures[name] = without_assumed(future.result(), profiles[name], self.not_older)
            release = opened.result()
        roots = {
            name: driver_roots(self.knowledge, name, platform.driver)
            for name, platform in spec.platforms.items()
            if platform.driver
        }
        drivers = {name: resolved_driver(found, closures[name]) for name, found in roots.items()}
        notes += driver_notes(roots, drivers, vgpus)
        notes += kernel_notes(roots, drivers, self.knowledge)
        notes += require_drivers_in_range(spec, release, drivers, vgpus, self.knowledge)
        today = datetime.now(UTC).date().isoformat()
        notes += life_notes(release, drivers, self.knowledge, today=today)
        notes += python_notes(spec.platforms, interpreters, today=today)
        notes += assumed_notes(closures, profiles)
        notes += fips_notes(closures, self.not_older)
        for name, platform in spec.platforms.items():
            running = running_kernels(profiles[name])
            notes += other_kernel_notes(self.knowledge, PLATFORMS[name], platform, running)
        return Resolved(release, closures, drivers, vgpus, interpreters, profiles, notes)

    def _settle(self, spec: Spec, progress: Callable[[str], None]) -> tuple[Spec, list[str]]:
        """Whose driver and which branch it is on each platform, by what the repositories hold."""
        platforms, notes = {}, []
        for name, platform in spec.platforms.items():
            packages = self.packages[PLATFORMS[name].package_system]
            if platform.driver:
                progress(f"look for the driver's branch for {name}")
            platforms[name], told = settled(self.knowledge, PLATFORMS[name], platform, packages, self.blobs)
            notes += told
        return replace(spec, platforms=platforms), notes

    def _open_vgpus(self, spec: Spec, *, trust_on_first_use: bool) -> dict[str, Vgpu]:
        found = {}
        for name, platform in spec.platforms.items():
            if platform.vgpu is None:
                continue
            found[name] = self.vgpu_files.open(
                platform.vgpu, PLATFORMS[name], trust_on_first_use=trust_on_first_use
            )
            if token := found[name].token:
                require_usable_token(token, time.time())
        return found
