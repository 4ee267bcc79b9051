"""What the machine is: system, kernel, processor, memory, disks, hardening, clock."""

from __future__ import annotations

import ctypes
import os
import time
from typing import TYPE_CHECKING, Any

from . import dgx, kernel_modules
from .identities import IDENTITIES
from .platforms import identify, os_release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .machine import Host

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64el"}
_FIRMWARE = "/sys/firmware/efi"
_SECURE_BOOT = f"{_FIRMWARE}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_TIME_ERROR = 5


def system(host: Host) -> dict[str, Any]:
    release = os_release(host.text("/etc/os-release") or host.text("/usr/lib/os-release") or "")
    kernel = host.word("/proc/sys/kernel/osrelease") or os.uname().release
    machine = os.uname().machine
    known = identify(release)
    asked = IDENTITIES.get(known["platform"], {}).get("kernel_modules", ())
    return {
        **known,
        "id": release.get("ID", ""),
        "version": release.get("VERSION_ID", ""),
        "name": release.get("PRETTY_NAME", ""),
        "machine": machine,
        "architecture": _ARCHITECTURES.get(machine, machine),
        "kernel": kernel,
        "kernel_headers": host.path(f"/lib/modules/{kernel}/build").exists(),
        "modules": {name: kernel_modules.has(host, kernel, name) for name in asked},
        "dgx": dgx.version(host),
        # rpm-ostree, bootc: /usr is an image, and read-only
        "image_based": host.path("/run/ostree-booted").exists(),
    }


def resources(host: Host) -> dict[str, Any]:
    """Cores, bytes of memory, and the flags of the first processor."""
    memory = 0
    for line in (host.text("/proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            memory = int(line.split()[1]) * 1024
    lines = (host.text("/proc/cpuinfo") or "").splitlines()
    cores = sum(line.startswith("processor") for line in lines)
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return {"cpus": cores or os.cpu_count() or 0, "memory": memory, "processor": flags}


def disks(host: Host, paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Free space where each path lies or, while it does not exist yet, will lie."""
    found = {}
    for path in sorted(set(paths)):
        place = host.existing(path)
        state = os.statvfs(place)
        device = place.stat().st_dev
        found[path] = {
            "lies_at": "/" + str(place.relative_to(host.root)).removeprefix("."),
            "device": f"{os.major(device)}:{os.minor(device)}",
            "free": state.f_bavail * state.f_frsize,
            "total": state.f_blocks * state.f_frsize,
        }
    return found


def secure_boot(host: Host) -> bool | None:
    """None where the firmware has the switch and does not show it."""
    try:
        return host.path(_SECURE_BOOT).read_bytes()[4:5] == b"\x01"
    except OSError:
        return None if host.path(_FIRMWARE).exists() else False


def hardening(host: Host) -> dict[str, Any]:
    enforce = host.word("/sys/fs/selinux/enforce")
    return {
        "secure_boot": bool(secure_boot(host)),
        "nouveau": host.path("/sys/module/nouveau").exists(),
        "selinux": {"1": "enforcing", "0": "permissive"}.get(enforce, "off"),
        "fapolicyd": any(name == "fapolicyd" for _, name in host.processes()),
        "fips": host.word("/proc/sys/crypto/fips_enabled") == "1",
    }


def clock() -> dict[str, Any]:
    return {"now": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "synchronized": _synchronized()}


def _synchronized() -> bool | None:
    """The kernel's own answer, which every time service sets; no service has to be woken for it."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        state = libc.adjtimex(ctypes.create_string_buffer(512))  # all zero: read only
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR
