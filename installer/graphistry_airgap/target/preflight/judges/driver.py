"""Judgements about NVIDIA's driver: the plan's refusals and warnings, and kernels that must not move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...driver import (
    installed as installed_driver,
    life as driver_life,
    obstacles as driver_obstacles,
    plan as driver_plan,
)
from ...finding import ERROR, INFO, WARNING, Finding
from ...gpu import knowledge as gpu_knowledge, smi as gpu_smi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...driver.plan import Plan
    from ...gpu.model import Note

# packages that are, or bring, another kernel
_KERNELS = ("linux-image-", "linux-modules-", "kernel-core", "kernel-modules", "kernel-uek-core")
_TOO_OLD = "gpu-too-old"
_NO_KERNELS = ("linux-modules-nvidia-",)


def plan(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Plan:
    return driver_plan.make(profile.get("driver") or {}, requirements.get("driver") or {})


def is_coming(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Whether this run installs a driver, or makes the bundle's own whole again."""
    return plan(profile, requirements).action == driver_plan.INSTALL


def is_decided(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Whether a driver comes with this run, or it was said why it does not."""
    return is_coming(profile, requirements) or bool(plan(profile, requirements).refusals)


def is_kernel(package: str) -> bool:
    return package.startswith(_KERNELS) and not package.startswith(_NO_KERNELS)


def is_moved(package: str, profile: Mapping[str, Any]) -> bool:
    """Whether this package moves the kernel: what is wanted by name is of the running one."""
    return is_kernel(package) and package not in {item["name"] for item in profile["packages"]["wanted"]}


def is_waived(requirements: Mapping[str, Any]) -> bool:
    return bool((requirements.get("driver") or {}).get("waive_range"))


def as_the_site_wants(
    notes: list[Note], profile: Mapping[str, Any], requirements: Mapping[str, Any]
) -> list[Note]:
    """Notes on the driver that answers: none where it is replaced, else with the ways out of the site."""
    desired, facts = requirements.get("driver") or {}, profile.get("driver") or {}
    installed = installed_driver.of(facts) if facts else None
    if installed and plan(profile, requirements).action == driver_plan.INSTALL:
        return [] if installed.version != desired["bundle"]["version"] else notes
    if is_waived(requirements):
        return [driver_obstacles.waived(note) for note in notes]
    if not desired or desired["install"] == "never":
        return notes
    hint = driver_obstacles.choices(desired, facts, installed)
    return [replace(note, hint=hint) for note in notes]


def is_to_be_made(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Whether the running kernel lacks the modules of the driver that this run installs."""
    decided = plan(profile, requirements)
    if decided.action != driver_plan.INSTALL:
        return False
    now = installed_driver.running_kernel(profile["driver"])
    return not (now.get("has_modules") and now["modules"] == decided.version)


def driver(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    decided = plan(profile, requirements)
    # the judgement of GPUs says these of the driver that answers, and of the GPUs in any case
    said_elsewhere = {_TOO_OLD} if requirements["gpu"] else set()
    if _answers(profile) and requirements["gpu"] and decided.action != driver_plan.INSTALL:
        said_elsewhere |= {driver_plan.OUT_OF_RANGE, gpu_knowledge.FORWARD_ONLY}
    for severity, notes in ((ERROR, decided.refusals), (WARNING, decided.warnings)):
        for note in notes:
            if note.code not in said_elsewhere:
                yield _finding(severity, note)
    if is_to_be_made(profile, requirements):
        yield Finding(
            INFO,
            "driver-install",
            f"driver {decided.version} will be installed, {decided.variant} modules, for {decided.kernel}",
            decided.reasons[-1],
            "nothing",
        )


def life(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Of the driver that comes with this run, or of the one that stays."""
    desired, facts = requirements.get("driver") or {}, profile.get("driver") or {}
    if not desired or not facts or desired["vgpu"]:
        return
    decided, installed = plan(profile, requirements), installed_driver.of(facts)
    version = decided.version if decided.action == driver_plan.INSTALL else installed and installed.version
    if not version:
        return
    target = gpu_knowledge.judged(desired["knowledge"], desired["release"], desired["cuda"])
    found = driver_life.note(
        desired["knowledge"],
        desired["platform"],
        target,
        version=version,
        today=profile["clock"]["now"],
    )
    if found:
        yield _finding(INFO if found.code == driver_life.UNKNOWN else WARNING, found)


def kernel(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Headers may depend on their kernel's image; a transaction that brings one is none of ours."""
    coming = (profile["transaction"] or {}).get("installed", [])
    moved = [name for name in coming if is_moved(name, profile)]
    if not moved:
        return
    desired = requirements.get("driver") or {}
    running = (profile.get("driver") or {}).get("kernel", "")
    images = (desired.get("bundle") or {}).get("kernel_images", {})
    wanted = f"; the bundle's headers belong to its version {images[running]}" if running in images else ""
    yield Finding(
        ERROR,
        "driver-kernel-would-change",
        f"installing the bundle's packages would add or change the kernel: {', '.join(moved)}{wanted}",
        ", ".join(moved),
        "a transaction that leaves the kernel alone",
        "build the bundle for the kernel that this host runs, or bring that kernel by your own process",
    )


def _answers(profile: Mapping[str, Any]) -> bool:
    found = profile.get("gpu") or {}
    return bool(found) and found["answer"]["state"] == gpu_smi.ANSWERED


def _finding(severity: str, note: Note) -> Finding:
    return Finding(severity, note.code, note.message, note.found, note.needed, note.hint)
