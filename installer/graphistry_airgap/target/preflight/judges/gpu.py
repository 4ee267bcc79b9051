"""Judgements about GPUs, for a site that wants them used: driver, plan, and what has changed since."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...finding import ERROR, WARNING, Finding
from ...gpu import (
    discovery as gpu_host,
    drivers as gpu_drivers,
    knowledge as gpu_knowledge,
    options as gpu_options,
    order as gpu_order,
    smi as gpu_smi,
)
from ..probes.gpu import ALLOCATOR, UNFIT
from . import driver as findings_driver, vgpu as findings_vgpu

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...gpu.model import Note
    from ...gpu.plan import Plan

_DRIVER = {
    gpu_smi.ABSENT: ("gpu-driver-missing", "no NVIDIA driver is installed"),
    gpu_smi.NO_DRIVER: ("gpu-driver-silent", "the NVIDIA driver does not answer"),
    gpu_smi.HANGS: ("gpu-driver-hangs", "nvidia-smi hangs"),
    gpu_smi.UNREADABLE: ("gpu-driver-unreadable", "nvidia-smi gives no usable answer"),
}
_DRIVER_HINT = {
    gpu_smi.ABSENT: "install a driver that fits, or use a bundle that brings one (`driver` in its spec)",
    gpu_smi.NO_DRIVER: "install the driver for the running kernel (after an update: reboot); `dmesg` and "
    "`nvidia-smi` say what is wrong",
    gpu_smi.HANGS: "a GPU may have fallen off the bus: see `dmesg`, then reboot",
    gpu_smi.UNREADABLE: "run `nvidia-smi -q -x` and look at what it says",
}
# the driver answers no question at all then, though it is there (dcgm-exporter #604)
_FALLEN = re.compile("is lost|unable to determine the device handle", re.IGNORECASE)
# what nvidia-smi says as long as its driver is not there
_BEFORE = (gpu_smi.ABSENT, gpu_smi.NO_DRIVER)
_KNOWN_BY_PCI = ("gpu-too-old", "gpu-not-there")
# with these the services still start, or are slower
_ONLY_WARN = (gpu_knowledge.FORWARD_ONLY,)


def gpus(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Driver first; what a GPU is can only be judged once one answers."""
    desired = requirements["gpu"]
    if not desired:
        return
    found = gpu_host.Found.from_dict(profile["gpu"])
    if findings_vgpu.driver_is_coming(profile, requirements):
        # what nvidia-smi says before it is there, or says of an older one, is not what will be
        return
    answered = found.answer.state == gpu_smi.ANSWERED
    spoken_for = found.answer.state in _BEFORE and findings_driver.is_decided(profile, requirements)
    if not answered and not spoken_for:
        yield _no_answer(found)
    if not answered and not found.pci:
        return
    try:
        plan = gpu_host.plan(found, profile["resources"], desired)
    except gpu_options.OptionError as error:
        given = ", ".join(filter(None, (desired["indices"], desired["workers"])))
        yield Finding(
            ERROR, error.code, str(error), given, "a list as the site file's reference says", error.hint
        )
        return
    if answered:
        yield from _planned(plan, profile, requirements)
    else:
        yield from _by_pci(plan, desired)


def _planned(plan: Plan, profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    for note in plan.refusals:
        if note.code != findings_vgpu.UNLICENSED or not findings_vgpu.licenses(requirements):
            yield _finding(ERROR, note)
    knowledge = requirements["gpu"]["knowledge"]
    drivers = gpu_drivers.notes(plan.target, plan.driver, plan.gpus, knowledge)
    for note in findings_driver.as_the_site_wants(drivers, profile, requirements):
        only_warn = note.code in _ONLY_WARN or findings_driver.is_waived(requirements)
        yield _finding(WARNING if only_warn else ERROR, note)
    for note in plan.warnings:
        if note not in drivers:
            yield _finding(WARNING, note)
    if plan.target.row is None:
        yield Finding(
            WARNING,
            "gpu-release-unknown",
            f"nothing is known about the drivers that {plan.target.name} needs",
            plan.target.name,
            "a release that this tool knows",
            "check the driver against the vendor's release notes",
        )


def _by_pci(plan: Plan, desired: Mapping[str, Any]) -> Iterator[Finding]:
    """Of a GPU on the bus only its generation is known, and its number."""
    by_uuid = desired["indices"].startswith("GPU-")
    for note in plan.refusals:
        if note.code in _KNOWN_BY_PCI and not (by_uuid and note.code == "gpu-not-there"):
            yield _finding(ERROR, note)


def gone(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """GPUs of the last run that are missing now: services would wait for them or crowd the others."""
    desired = requirements["gpu"]
    if not desired or profile["gpu"]["answer"]["state"] != gpu_smi.ANSWERED:
        return
    there = gpu_host.Found.from_dict(profile["gpu"]).answer.gpus
    missing = [gpu for gpu in desired["known"] if gpu["uuid"] not in {one.uuid for one in there}]
    if not missing:
        return
    names = ", ".join(f"{gpu['name']} {gpu['uuid']}".strip() for gpu in missing)
    known = [gpu["uuid"] for gpu in desired["known"]]
    if len(there) >= len(known) or desired["indices"]:
        yield Finding(
            WARNING,
            "gpu-replaced",
            f"not the same GPUs as at the last run: {names} is gone",
            ", ".join(one.uuid for one in there),
            ", ".join(known),
            "nothing, if it was replaced or the virtual machine was made anew; the plan is for what is there",
        )
        return
    yield Finding(
        ERROR,
        "gpu-gone",
        f"{len(there)} of {len(known)} GPUs of the last run are there; {names} is gone",
        ", ".join(one.uuid for one in there) or "none",
        ", ".join(known),
        "see `dmesg` and `lspci -d 10de:`; if it was removed on purpose, name the others in the site file "
        "(gpu.indices)",
    )


def allocator(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """The operator's lines win, but with this one the product cannot work; it is theirs to change.

    What is no allocator at all is a finding of the env files.
    """
    if not requirements["gpu"]:
        return
    value, path = (
        profile["gpu"]["allocator"],
        profile["gpu"].get("allocator_env", profile["gpu"]["custom_env"]),
    )
    virtual = [gpu for gpu in gpu_host.Found.from_dict(profile["gpu"]).answer.gpus if gpu.is_vgpu]
    if value == UNFIT and virtual:
        yield Finding(
            ERROR,
            "vgpu-allocator",
            f"{path} sets {ALLOCATOR}={value} by hand; {virtual[0].label} is a vGPU without unified memory",
            value,
            "default",
            f"set {ALLOCATOR}=default in that line, or delete it and let the installer set it",
            path,
        )


def order(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """The operator's own lines on a host whose GPUs differ: which cards they mean is CUDA's to decide."""
    if not requirements["gpu"]:
        return
    path = profile["gpu"]["custom_env"]
    gpus_there = gpu_host.Found.from_dict(profile["gpu"]).gpus(requirements["gpu"]["knowledge"])
    for note in gpu_order.by_hand(gpus_there, profile["gpu"].get("by_hand", {}), path):
        yield Finding(ERROR, note.code, note.message, note.found, note.needed, note.hint, path)


def _no_answer(found: gpu_host.Found) -> Finding:
    state = found.answer.state
    if not found.pci and state in (gpu_smi.ABSENT, gpu_smi.NO_DRIVER):
        return Finding(
            ERROR,
            "gpu-missing",
            "the site file wants GPUs used, and there is no NVIDIA GPU on the PCI bus",
            "no NVIDIA GPU",
            "one NVIDIA GPU",
            "add a GPU (a virtual machine: attach it), or write `gpu: none` in the site file",
        )
    code, message = _DRIVER[state]
    where = ", ".join(device["address"] for device in found.pci)
    return Finding(
        ERROR,
        code,
        f"{message}{f' for the GPU at {where}' if where else ''}: {found.answer.detail}",
        found.answer.detail,
        "a driver that answers `nvidia-smi -q -x`",
        _DRIVER_HINT[gpu_smi.HANGS if _FALLEN.search(found.answer.detail) else state],
    )


def _finding(severity: str, note: Note) -> Finding:
    return Finding(severity, note.code, note.message, note.found, note.needed, note.hint)
