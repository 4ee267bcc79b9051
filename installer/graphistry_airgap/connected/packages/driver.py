"""NVIDIA's driver in a bundle: what a spec asks for as package roots, and what came of it.

Package names are knowledge (`platforms/`), never code.  Headers and ready-made modules are asked for beside
the kernel image that they belong to: a host has that image already, and nothing here may bring another kernel
onto it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.driver import (
    GUEST,
    KINDS,
    PROGRAMS,
    Driver,
    docker_group,
    headers_group,
    module_group,
    prebuilt_group,
)
from graphistry_airgap.connected.packages.branches import known, other_origins, row_of
from graphistry_airgap.connected.packages.closure import KernelRoots, Wanted
from graphistry_airgap.connected.packages.versions import upstream_version
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.driver.kernels import package_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.spec import DriverSpec, PlatformSpec
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu
    from graphistry_airgap.knowledge.platforms import Platform


@dataclass(frozen=True)
class DriverRoots:
    """What apt is asked for; `version` is the one that the knowledge names, or empty.

    `prebuilt` has by kind the roots of modules that are ready-made for one kernel, around `{kernel}`.
    """

    branch: str
    version: str
    modules: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    prebuilt: dict[str, tuple[str, ...]] = field(default_factory=dict)
    origin: str = ""

    def of_kernel(self, kernel: str) -> dict[str, tuple[str, ...]]:
        """By group, the roots of what is ready-made for that kernel."""
        return {
            prebuilt_group(kind, kernel): tuple(name.format(kernel=kernel) for name in names)
            for kind, names in self.prebuilt.items()
        }


def is_ready_made(knowledge: Mapping[str, Any], platform: str, wanted: DriverSpec | None) -> bool:
    """Whether the branch has modules that nobody has to build, for some kernels."""
    return bool(wanted and row_of(knowledge, platform, wanted).get("prebuilt"))


def driver_roots(knowledge: Mapping[str, Any], platform: str, wanted: DriverSpec) -> DriverRoots:
    """The package roots of a branch; raises with the branches that are known."""
    row = row_of(knowledge, platform, wanted)
    if absent := [modules for modules in wanted.modules if not row[modules]]:
        raise InputError(
            f"driver branch {wanted.branch} has no {absent[0]} modules on {platform}",
            code="driver-modules-unknown",
            hint=f"write `modules: [{', '.join(kind for kind in KINDS if row[kind])}]` under driver, or take "
            "another branch",
        )
    return DriverRoots(
        branch=wanted.branch,
        version=row["version"],
        modules=wanted.modules,
        groups={
            PROGRAMS: tuple(row["programs"]),
            **{module_group(modules): tuple(row[modules]) for modules in wanted.modules},
        },
        prebuilt={
            kind: tuple(names) for kind, names in row.get("prebuilt", {}).items() if kind in wanted.modules
        },
        origin=row.get("origin", ""),
    )


def wanted_packages(
    knowledge: Mapping[str, Any],
    platform: Platform,
    spec: PlatformSpec,
    vgpu: Vgpu | None,
    *,
    running: Iterable[str] = (),
    without_headers: Iterable[str] = (),
) -> Wanted:
    """Package groups for the driver, for building a guest driver, and for kernels.

    `running` are kernels of known hosts, `without_headers` those among them.  Of each kernel that is named
    anywhere the bundle brings what Docker needs, and its headers where a driver is to be built for it; where
    the branch has ready-made modules, those of every known host's kernel.
    """
    roots = driver_roots(knowledge, platform.name, spec.driver) if spec.driver else None
    groups = dict(roots.groups) if roots else {}
    files = {}
    if vgpu and vgpu.driver:
        groups[GUEST] = platform.module_tools
        files = {GUEST: vgpu.driver.file} if vgpu.driver.kind != "run" else {}
    known_hosts = running if is_ready_made(knowledge, platform.name, spec.driver) else without_headers
    built_for = {
        *(spec.driver.kernels if spec.driver else ()),
        *(spec.vgpu.kernels if spec.vgpu else ()),
        *((*spec.kernels, *known_hosts) if spec.driver or spec.vgpu else ()),
    }
    there = known(knowledge, platform.name)
    kernels = {
        kernel: _kernel_roots(
            there,
            platform,
            kernel,
            with_headers=kernel in built_for,
            prebuilt=roots.of_kernel(kernel) if roots and kernel in built_for else {},
            builds=spec.vgpu is not None,
        )
        for kernel in sorted({*built_for, *spec.kernels, *running})
    }
    return Wanted(
        groups,
        files,
        {kernel: found for kernel, found in kernels.items() if found.groups},
        spec.modules,
        roots.branch if roots else "",
        other_origins(knowledge, platform.name, roots.origin) if roots else (),
    )


def _kernel_roots(
    there: Mapping[str, Any],
    platform: Platform,
    kernel: str,
    *,
    with_headers: bool,
    prebuilt: dict[str, tuple[str, ...]],
    builds: bool,
) -> KernelRoots:
    names = package_names(there, kernel)
    # of the system's own kernels alone it is known which package has what Docker needs
    own = {} if names["title"] else platform.kernel_groups
    beside = {group: tuple(name.format(kernel=kernel) for name in found) for group, found in own.items()}
    groups = {docker_group(kernel): beside["docker"]} if "docker" in beside else {}
    if with_headers:
        groups[headers_group(kernel)] = (names["headers"], *beside.get("headers", ()))
    return KernelRoots(names["image"], groups, prebuilt, builds=builds)


def other_kernel_notes(
    knowledge: Mapping[str, Any], platform: Platform, spec: PlatformSpec, running: Iterable[str] = ()
) -> list[str]:
    """What is not known of kernels that are none of the platform's own, where Docker needs more of each."""
    there = known(knowledge, platform.name)
    named = {*spec.kernels, *(spec.driver.kernels if spec.driver else ()), *running}
    titles = {kernel: package_names(there, kernel)["title"] for kernel in sorted(named)}
    return [
        f"The kernel {kernel} of {platform.name} is {title}: which of its packages has what Docker needs is "
        "not known here, and the bundle brings none; preflight looks on each host whether it is there."
        for kernel, title in titles.items()
        if title and "docker" in platform.kernel_groups
    ]


def resolved_driver(roots: DriverRoots, closure: Closure) -> Driver:
    """The driver that the closure holds; modules and programs must be of one version and one vendor."""
    ready = _ready_made(roots, closure)
    named = roots.groups | {
        group: names
        for kernel in closure.kernel_images
        for group, names in roots.of_kernel(kernel).items()
        if group in closure.groups
    }
    versions = {
        group: version
        for group, names in named.items()
        for package in closure.groups[group]
        if package.name == names[0] and (version := upstream_version(package.version))
    }
    found = sorted(set(versions.values()))
    if len(found) != 1:
        raise InputError(
            f"the repositories hold different driver versions: {_listed(versions)}",
            code="driver-versions-differ",
            hint="name repositories in the spec that hold one version of the whole driver, or leave modules "
            "of another version out of driver.modules",
            details={"versions": versions},
        )
    if found[0].partition(".")[0] != roots.branch:
        raise InputError(
            f"the repositories hold driver {found[0]}, the spec wants branch {roots.branch}",
            code="driver-branch-changed",
            hint="name a repository that still holds this branch, or take the one that is there",
            details={"version": found[0], "branch": roots.branch},
        )
    headers = tuple(
        kernel for kernel in sorted(closure.kernel_images) if headers_group(kernel) in closure.groups
    )
    served = {*headers, *(kernel for kernels in ready.values() for kernel in kernels)}
    images = {kernel: image for kernel, image in closure.kernel_images.items() if kernel in served}
    return Driver(roots.branch, found[0], roots.modules, headers, images, ready, roots.origin)


def _ready_made(roots: DriverRoots, closure: Closure) -> dict[str, tuple[str, ...]]:
    """By kind, the kernels whose modules need no building."""
    found = {
        kind: tuple(
            kernel
            for kernel in sorted(closure.kernel_images)
            if prebuilt_group(kind, kernel) in closure.groups
        )
        for kind in roots.prebuilt
    }
    return {kind: kernels for kind, kernels in found.items() if kernels}


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{group} {version}" for group, version in sorted(versions.items())) or "none"
