"""What a machine says about NVIDIA's driver: GPUs, kernels, what is loaded, where from, what is in its way.

Reading only.  The facts go to `driver_plan`, which decides; `kernels` are also what
tells, long after an installation, that a new kernel came without modules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..gpu import pci as gpu_pci, virtual as vgpu_pci
from ..host import dgx
from ..packages import systems as package_systems
from . import kernels as driver_kernels, signing as driver_signing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..host.machine import Host
    from ..packages.model import Installed, PackageSystem

LOADED = "/proc/driver/nvidia/version"
UNINSTALLER = "/usr/bin/nvidia-uninstall"
_VERSION = re.compile(r"(?P<open>Open )?Kernel Module (?:for \S+ )?\s*(?P<version>\d+(?:\.\d+)+)")
_DRIVER_PACKAGE = re.compile(
    r"(?:nvidia-|libnvidia-|libcuda1|cuda-drivers|kmod-nvidia|linux-modules-nvidia-|linux-objects-nvidia-)\S*"
)
# NVIDIA's name on it, and no part of the driver; firmware of several versions lies beside each other
_OTHER_PACKAGE = re.compile(
    r"(?:lib)?nvidia-(?:container|cuda|cudnn|settings|modprobe|ml-|docker|support|installer|firmware)\S*"
)
_NUMBER = re.compile(r"(?:^|[:~-])(\d{3}\.\d+(?:\.\d+)*)")
_INITRAMFS = ("update-initramfs", "dracut")


def probe(host: Host, desired: Mapping[str, Any]) -> dict[str, Any]:
    """Empty where nobody asks about a driver."""
    if not desired:
        return {}
    platform = desired["knowledge"]["drivers"]["platforms"].get(desired["platform"], {})
    loaded, variant = loaded_driver(host)
    kernel = driver_kernels.running(host)
    names = driver_kernels.package_names(platform, kernel)
    system = package_systems.of(desired.get("package_system", package_systems.DEFAULT), host)
    known = system.installed()
    return {
        "kernel": kernel,
        "kernels": driver_kernels.kernels(host),
        "loaded": loaded,
        "loaded_variant": variant,
        "nouveau": host.path("/sys/module/nouveau").exists(),
        "signing": driver_signing.signing(host, platform.get("signing_key", "")),
        "dgx": bool(dgx.version(host)),
        "runfile": _runfile(host, system),
        "packages": _packages(known),
        "other_kernel": names["title"],
        "headers_package": _headers_package(known, names["headers"]),
        "images": _images(known, platform, driver_kernels.names(host)),
        "initramfs": _initramfs(host),
        "gpus": [
            {**device, "vgpu": vgpu_pci.host_driver(host, device["address"]) is not None}
            for device in gpu_pci.devices(host)
        ],
    }


def loaded_driver(host: Host) -> tuple[str, str]:
    """Version and variant of the driver in the running kernel, empty where there is none."""
    found = _VERSION.search(host.text(LOADED) or "")
    if found is None:
        return "", ""
    return found["version"], "open" if found["open"] else "proprietary"


def driver_version(package_version: str) -> str:
    """`550.163.01` of `550.163.01-2` or `1:575.57.08-0ubuntu1`; empty where there is none."""
    found = _NUMBER.search(package_version)
    return found[1] if found else ""


def _headers_package(known: Sequence[Installed], name: str) -> dict[str, Any]:
    """`whole`: the package manager thinks so, whatever became of the files; `begun`: it is half-way there."""
    found = [package for package in known if _is(package, name)]
    whole = any(package.whole for package in found)
    return {"name": name, "whole": whole, "begun": bool(found) and not whole}


def _images(
    known: Sequence[Installed], platform: Mapping[str, Any], kernels: Sequence[str]
) -> dict[str, str]:
    """Version of the package that each kernel came from, of those where one tells."""
    found = {}
    for kernel in kernels:
        image = driver_kernels.package_names(platform, kernel)["image"]
        # Debian's that nobody signed, and Ubuntu's
        names = (image, f"{image}-unsigned", f"{image.removesuffix(kernel)}unsigned-{kernel}")
        fitting = (package for package in known if package.whole and any(_is(package, one) for one in names))
        if version := next((package.version for package in fitting), ""):
            found[kernel] = version
    return found


def _is(package: Installed, name: str) -> bool:
    """Debian puts a kernel's release into the name of its packages, rpm into their version."""
    return name in (package.name, f"{package.name}-{package.version}.{package.architecture}")


def _packages(known: Sequence[Installed]) -> list[dict[str, Any]]:
    """Installed packages of a driver, from whatever repository, held or half-installed ones too."""
    found = []
    for package in known:
        named = _DRIVER_PACKAGE.fullmatch(package.name) and not _OTHER_PACKAGE.fullmatch(package.name)
        version = driver_version(package.version)
        if named and version and (package.whole or package.unfinished):
            found.append(
                {"name": package.name, "version": package.version, "driver": version, "held": package.held}
            )
    return found


def _runfile(host: Host, system: PackageSystem) -> str:
    """The vendor's uninstaller, where the vendor's .run file and no package put it."""
    if not host.path(UNINSTALLER).exists():
        return ""
    return "" if system.owned([UNINSTALLER]) else UNINSTALLER


def _initramfs(host: Host) -> str:
    places = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
    return next(
        (name for name in _INITRAMFS for place in places if host.path(f"{place}/{name}").exists()), ""
    )
