"""NVIDIA's driver in a bundle: what a spec asks for as package roots, and what came of it.

Package names are knowledge (`drivers.json`), never code.  Headers are asked for beside the kernel image that
they belong to: a host has that image already, and nothing here may bring another kernel onto it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.driver import (
    GUEST,
    KINDS,
    PROGRAMS,
    Driver,
    docker_group,
    headers_group,
    module_group,
)
from graphistry_airgap.connected.packages.closure import KernelRoots, Wanted
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.driver.kernels import package_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.spec import DriverSpec, PlatformSpec
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu
    from graphistry_airgap.knowledge.platforms import Platform

_UPSTREAM = re.compile(r"(?:\d+:)?(?P<upstream>\d+(?:\.\d+)+)")


@dataclass(frozen=True)
class DriverRoots:
    """What apt is asked for; `version` is the one that the knowledge names, or empty."""

    branch: str
    version: str
    modules: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]


def branch_names(knowledge: Mapping[str, Any], platform: str) -> str:
    """The branches that a bundle for this platform can bring, for a person."""
    rows = knowledge["drivers"]["platforms"].get(platform, {"branches": []})["branches"]
    return ", ".join(f"{row['branch']} ({row['repository']})" for row in rows) or "none"


def driver_roots(knowledge: Mapping[str, Any], platform: str, wanted: DriverSpec) -> DriverRoots:
    """The package roots of a branch; raises with the branches that are known."""
    known = knowledge["drivers"]["platforms"].get(platform, {"branches": []})
    branches = {row["branch"]: row for row in known["branches"]}
    row = branches.get(wanted.branch)
    if row is None:
        raise InputError(
            f"driver branch {wanted.branch} is not known for {platform}",
            code="driver-branch-unknown",
            hint=f"known for {platform}: {branch_names(knowledge, platform)}; or leave `driver` out: hosts "
            "keep a driver that they have already and that fits the release",
            details={"branches": sorted(branches)},
        )
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
    anywhere the bundle brings what Docker needs, and its headers where a driver is to be built for it.
    """
    groups = dict(driver_roots(knowledge, platform.name, spec.driver).groups) if spec.driver else {}
    files = {}
    if vgpu and vgpu.driver:
        groups[GUEST] = platform.module_tools
        files = {GUEST: vgpu.driver.file} if vgpu.driver.kind != "run" else {}
    built_for = {
        *(spec.driver.kernels if spec.driver else ()),
        *(spec.vgpu.kernels if spec.vgpu else ()),
        *((*spec.kernels, *without_headers) if spec.driver or spec.vgpu else ()),
    }
    known = knowledge["drivers"]["platforms"].get(platform.name, {})
    roots = {
        kernel: _kernel_roots(known, platform, kernel, with_headers=kernel in built_for)
        for kernel in sorted({*built_for, *spec.kernels, *running})
    }
    return Wanted(
        groups,
        files,
        {kernel: found for kernel, found in roots.items() if found.groups},
        spec.modules,
        spec.driver.branch if spec.driver else "",
    )


def _kernel_roots(
    known: Mapping[str, Any], platform: Platform, kernel: str, *, with_headers: bool
) -> KernelRoots:
    names = package_names(known, kernel)
    # of the system's own kernels alone it is known which package has what Docker needs
    own = {} if names["title"] else platform.kernel_groups
    beside = {group: tuple(name.format(kernel=kernel) for name in found) for group, found in own.items()}
    groups = {docker_group(kernel): beside["docker"]} if "docker" in beside else {}
    if with_headers:
        groups[headers_group(kernel)] = (names["headers"], *beside.get("headers", ()))
    return KernelRoots(names["image"], groups)


def kernel_notes(
    knowledge: Mapping[str, Any], platform: Platform, spec: PlatformSpec, running: Iterable[str] = ()
) -> list[str]:
    """What is not known of kernels that are none of the platform's own, where Docker needs more of each."""
    known = knowledge["drivers"]["platforms"].get(platform.name, {})
    named = {*spec.kernels, *(spec.driver.kernels if spec.driver else ()), *running}
    titles = {kernel: package_names(known, kernel)["title"] for kernel in sorted(named)}
    return [
        f"The kernel {kernel} of {platform.name} is {title}: which of its packages has what Docker needs is "
        "not known here, and the bundle brings none; preflight looks on each host whether it is there."
        for kernel, title in titles.items()
        if title and "docker" in platform.kernel_groups
    ]


def resolved_driver(roots: DriverRoots, closure: Closure) -> Driver:
    """The driver that the closure holds; modules and programs must be of one version."""
    versions = {
        group: upstream
        for group, names in roots.groups.items()
        for package in closure.groups[group]
        if package.name == names[0] and (upstream := upstream_version(package.version))
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
    images = closure.kernel_images
    with_headers = {kernel: images[kernel] for kernel in images if headers_group(kernel) in closure.groups}
    return Driver(roots.branch, found[0], roots.modules, with_headers)


def upstream_version(version: str) -> str:
    """NVIDIA's own version out of a package's: `550.163.01` out of `550.163.01-2`."""
    match = _UPSTREAM.match(version)
    return match["upstream"] if match else ""


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{group} {version}" for group, version in sorted(versions.items())) or "none"
