"""Judgements about a vGPU guest: is it one, can it compute, can its driver be installed.

Only for sites with `vgpu` in the site file; on all others only a guest whose
licence nobody asked for is worth a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, INFO, WARNING, Finding
from ...gpu import knowledge as gpu_knowledge, limits as gpu_limits, model as gpu_model, smi as gpu_smi
from ...gpu.model import Gpu
from ...vgpu import driver as vgpu_driver
from ..probes import vgpu as probe_vgpu
from .vgpu_licence import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNLICENSED = "vgpu-unlicensed"
_NO_GUEST = {
    gpu_model.BARE_METAL: "its GPU is a physical one",
    gpu_model.PASS_THROUGH: "its GPU is a physical one that is passed through",
    gpu_model.VGPU_HOST: "its GPU is divided into vGPUs: it is their hypervisor",
    probe_vgpu.UNKNOWN: "its GPU shows no sign of a vGPU on the PCI bus",
    probe_vgpu.NO_GPU: "it has no NVIDIA GPU",
}
_OTHER_DRIVER = "a guest driver of the hypervisor's vGPU release family"


def driver_is_coming(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Whether this run installs or loads a guest driver, so that a silent nvidia-smi says nothing yet."""
    if not requirements.get("vgpu"):
        return False
    action = _decision(profile["vgpu"], requirements).action
    silent = profile["gpu"]["answer"]["state"] in (gpu_smi.ABSENT, gpu_smi.NO_DRIVER)
    return action == vgpu_driver.INSTALL or (action == vgpu_driver.LEAVE and silent)


def licenses(requirements: Mapping[str, Any]) -> bool:
    """Before this run a guest without licence is the normal case."""
    return bool(requirements.get("vgpu")) and requirements["purpose"] != TEMPLATE


def guest(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether this is a vGPU guest, and whether the site file says so too."""
    found = profile["vgpu"]
    kind = found.get("guest", "")
    if not requirements["vgpu"]:
        if kind == gpu_model.VGPU:
            yield Finding(
                WARNING,
                "vgpu-not-in-site",
                "this is a vGPU guest, and without `vgpu` in the site file its licence is nobody's care",
                "no `vgpu` in the site file",
                "`vgpu` with a token file or a licence server",
                "add `vgpu` to the site file, or keep the guest's driver and licence in order by other means",
            )
        return
    template = requirements["purpose"] == TEMPLATE
    if kind == gpu_model.VGPU or (template and kind == probe_vgpu.NO_GPU):
        return
    yield Finding(
        ERROR,
        "vgpu-not-a-guest",
        f"the site file has `vgpu`, and this machine is no vGPU guest: {_NO_GUEST.get(kind, kind)}",
        kind,
        "a vGPU guest",
        "remove `vgpu` from the site file, or have the hypervisor's administrator give the machine a vGPU",
    )


def profiles(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Classes without CUDA and MIG-backed profiles; where GPUs are planned, the plan says the same."""
    if not requirements["vgpu"] or requirements["gpu"]:
        return
    for one in profile["vgpu"]["gpus"]:
        for note in gpu_limits.vgpu_refusals(Gpu.from_dict(one)):
            if note.code != UNLICENSED:
                yield Finding(ERROR, note.code, note.message, note.found, note.needed, note.hint)


def driver(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    desired = requirements["vgpu"]
    if not desired:
        return
    found, wanted = profile["vgpu"], desired["driver"]
    decision = _decision(found, requirements)
    if decision.action == vgpu_driver.NONE:
        yield from _no_driver(requirements)
    elif decision.action == vgpu_driver.FOREIGN:
        yield Finding(
            ERROR,
            "vgpu-other-driver",
            f"{decision.reason}; two drivers in one system break each other",
            found["driver"]["version"],
            _OTHER_DRIVER,
            "remove it (`apt-get purge` of its packages, or nvidia-uninstall), reboot, then install again",
        )
    elif decision.action == vgpu_driver.INSTALL:
        yield from _installable(found, desired)
        yield from _range(desired)
        yield from _signing(profile)
    if decision.action in (vgpu_driver.INSTALL, vgpu_driver.LEAVE):
        yield from _pair(found, wanted if decision.action == vgpu_driver.INSTALL else {})


def _decision(found: Mapping[str, Any], requirements: Mapping[str, Any]) -> vgpu_driver.Decision:
    return vgpu_driver.decide(found["driver"], requirements["vgpu"]["driver"])


def _no_driver(requirements: Mapping[str, Any]) -> Iterator[Finding]:
    yield Finding(
        ERROR if requirements["purpose"] != TEMPLATE else WARNING,
        "vgpu-driver-missing",
        "no guest driver is installed, and the bundle brings none",
        "no nvidia-gridd",
        _OTHER_DRIVER,
        "build the bundle with the guest driver (spec: platforms.<platform>.vgpu.driver)",
    )


def _installable(found: Mapping[str, Any], desired: Mapping[str, Any]) -> Iterator[Finding]:
    kind, kernel = desired["driver"]["kind"], found["kernel"]
    if not found["driver"]["headers"] and kernel not in desired["headers"]:
        carried = ", ".join(sorted(desired["headers"])) or "none"
        yield Finding(
            ERROR,
            "vgpu-headers-missing",
            f"the guest driver builds its module for kernel {kernel}, whose headers are neither on this "
            f"machine nor in the bundle (it has: {carried})",
            carried,
            f"headers of {kernel}",
            f"build the bundle with {kernel} among the kernels of its driver, or install the headers",
        )
    brought = {package["name"] for package in desired["tools"]}
    missing = [tool for tool in vgpu_driver.BUILD_TOOLS if tool not in {*found["driver"]["tools"], *brought}]
    if kind == vgpu_driver.RUN and missing:
        yield Finding(
            ERROR,
            "vgpu-build-tools-missing",
            f"the guest driver is built on this machine, which lacks {', '.join(missing)} as the bundle does",
            ", ".join(found["driver"]["tools"]) or "none",
            ", ".join(vgpu_driver.BUILD_TOOLS),
            f"install {', '.join(missing)}, or build the bundle with a driver for kernel {kernel}",
        )


def _range(desired: Mapping[str, Any]) -> Iterator[Finding]:
    target = gpu_knowledge.judged(desired["knowledge"], desired["release"], desired["cuda"])
    for note in gpu_knowledge.driver_notes(target, desired["driver"]["version"]):
        only_warn = desired["waive_range"] or note.code == gpu_knowledge.FORWARD_ONLY
        yield Finding(
            WARNING if only_warn else ERROR,
            note.code.replace("gpu-driver", "vgpu-driver"),
            f"the bundle's guest {note.message}",
            note.found,
            note.needed,
            "build the bundle with a guest driver in that range (and have the hypervisor's driver follow), "
            "or waive it: `waive: [driver-range]`",
        )


def _signing(profile: Mapping[str, Any]) -> Iterator[Finding]:
    if profile.get("hardening", {}).get("secure_boot"):
        yield Finding(
            WARNING,
            "vgpu-secure-boot",
            "Secure Boot is on: the kernel loads the guest driver's module only if it knows the key of DKMS",
            "Secure Boot on",
            "that key enrolled, or Secure Boot off",
            "`mokutil --import /var/lib/dkms/mok.pub` and confirm it at the next boot, or switch Secure "
            "Boot off in the virtual machine's settings",
        )


def _pair(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Finding]:
    """Hypervisor and guest must have drivers of one vGPU release family, which is one driver branch."""
    version = wanted.get("version") or found["driver"]["version"]
    above = found["host_driver"].get("version", "")
    if found["guest"] != gpu_model.VGPU or not version:
        return
    if not gpu_knowledge.numbers(above):
        yield Finding(
            INFO,
            "vgpu-pair-unknown",
            f"the vGPU does not say which driver its hypervisor has, so whether guest driver {version} is of "
            "the same release family cannot be known here",
            version,
            _OTHER_DRIVER,
            "ask the hypervisor's administrator (ESXi: `esxcli software vib list`)",
        )
        return
    mine, theirs = gpu_knowledge.numbers(version)[0], gpu_knowledge.numbers(above)[0]
    if mine == theirs:
        return
    yield Finding(
        ERROR if mine > theirs else WARNING,
        "vgpu-pair",
        f"guest driver {version} and the hypervisor's driver {above} are of different release families"
        + (": a guest's must not be newer" if mine > theirs else ""),
        f"guest {version}, hypervisor {above}",
        f"a guest driver of branch {theirs}",
        "take the guest driver from the same NVIDIA vGPU release as the hypervisor's",
    )
