"""The kernels of a machine: which one runs, which have headers to build modules with, which have NVIDIA's.

Headers are whole when a build can begin: half-installed ones, or those of another
kernel under this one's name, fail in the middle of it with messages that help nobody.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..host.machine import Host

MODULES = "/lib/modules"
WHOLE, ABSENT, BROKEN, OTHER = "whole", "absent", "broken", "other"
_NEEDED = (
    "Makefile",
    "Module.symvers",
    "include/generated/autoconf.h",
    "include/generated/utsrelease.h",
    "scripts",
)
_RELEASE = re.compile(r'UTS_RELEASE\s+"([^"]+)"')
_INCLUDE = re.compile(r"^include (/\S+)$", re.MULTILINE)
# where packages, DKMS and the vendor's .run file put modules; the kernel's own nvidiafb is none of them
_WALKED = ("updates", "extra", "weak-updates")
_RUNFILE = "kernel/drivers/video"
_MODULE = re.compile(r"(nvidia(?:-[a-z0-9-]*)?)\.ko(?:\.(?:xz|zst|gz))?")
_PARTS = ("-modeset", "-drm", "-uvm", "-peermem")
# without these no service gets to the GPU; the others need a kernel with DRM or RDMA
_MUST = ("", "-modeset", "-uvm")
_OPEN_LICENCE = "MIT"


def running(host: Host) -> str:
    return host.word("/proc/sys/kernel/osrelease")


def package_names(platform: Mapping[str, Any], kernel: str) -> dict[str, str]:
    """Names of a kernel's packages, `headers` and `image`, by what is known of drivers on a platform.

    `title` is what it is called where it is none of the system's own; empty where it is one.
    """
    others = platform.get("other_kernels", ())
    known = next((one for one in others if one["contains"] in kernel), platform)
    return {
        "title": known.get("title", ""),
        "headers": known.get("headers", "{kernel}").format(kernel=kernel),
        "image": f"{known.get('kernel_image', '')}{kernel}",
    }


def kernels(host: Host) -> list[dict[str, Any]]:
    """One entry for each kernel that has a directory of modules, and always one for the running kernel."""
    now = running(host)
    return [kernel(host, name, now) for name in names(host)]


def names(host: Host) -> list[str]:
    found = {name for name in host.names(MODULES) if host.path(f"{MODULES}/{name}").is_dir()}
    return sorted(name for name in found | {running(host)} if name)


def kernel(host: Host, name: str, now: str) -> dict[str, Any]:
    """`installed`: it could be booted; headers alone make a directory too."""
    headers, detail = _headers(host, name)
    return {
        "name": name,
        "running": name == now,
        "installed": name == now or host.path(f"{MODULES}/{name}/kernel").is_dir(),
        "headers": headers,
        "headers_detail": detail,
        "has_headers": headers == WHOLE,
        **_driver(host, name),
    }


def _headers(host: Host, name: str) -> tuple[str, str]:
    build = host.path(f"{MODULES}/{name}/build")
    if not build.exists():
        # EL's kernel has the link itself, and the headers what it leads to
        where = "leads to nothing" if build.is_symlink() else "is not there"
        return ABSENT, f"{MODULES}/{name}/build {where}"
    if lacking := [part for part in _NEEDED if not (build / part).exists()]:
        return BROKEN, f"{MODULES}/{name}/build lacks {', '.join(lacking)}"
    found = _RELEASE.search(_text(host, f"{MODULES}/{name}/build/include/generated/utsrelease.h"))
    release = found[1] if found else ""
    if release != name:
        return OTHER, f"{MODULES}/{name}/build holds the headers of {release or 'an unnamed kernel'}"
    included = _INCLUDE.findall(_text(host, f"{MODULES}/{name}/build/Makefile"))
    if lost := [path for path in included if not host.path(path).exists()]:
        return BROKEN, f"{MODULES}/{name}/build needs {lost[0]}, which is not there"
    return WHOLE, ""


def _driver(host: Host, name: str) -> dict[str, Any]:
    """NVIDIA's modules for this kernel: their version, and open or proprietary by their licence."""
    found = dict(_modules(host, name))
    base = min((stem for stem in found if not stem.endswith(_PARTS)), key=len, default="")
    state: dict[str, Any] = {"has_modules": False, "modules": "", "variant": "", "by_runfile": False}
    if not base:
        return state
    # all say the same, and to unpack the largest takes half a second
    told = _modinfo(host, found.get(f"{base}-modeset", found[base]))
    licence = told.get("license", "")
    return {
        "has_modules": all(f"{base}{part}" in found for part in _MUST),
        "modules": told.get("version", ""),
        "variant": "" if not licence else "open" if _OPEN_LICENCE in licence else "proprietary",
        "by_runfile": f"/{_RUNFILE}/" in found[base],
    }


def fault(host: Host, name: str, version: str) -> str:
    """Why modules that a package brought are not what this kernel would load; empty when they are."""
    state = _driver(host, name)
    if not state["has_modules"]:
        return "not all of them are there"
    if state["modules"] != version:
        return f"they are of version {state['modules'] or 'unknown'}"
    index = _text(host, f"{MODULES}/{name}/modules.dep")
    return "" if re.search(r"/nvidia[a-z0-9-]*[.]ko", index) else "the kernel's index does not have them"


def _modules(host: Host, name: str) -> Iterator[tuple[str, str]]:
    """(name without suffix, path on the machine)."""
    top = f"{MODULES}/{name}"
    folders = [f"{top}/{_RUNFILE}"]
    folders += [f"{top}/kernel/{one}" for one in host.names(f"{top}/kernel") if one.startswith("nvidia")]
    for walked in _WALKED:
        start = host.path(f"{top}/{walked}")
        folders += [f"/{os.path.relpath(place, host.root)}" for place, _, _ in os.walk(start)]
    for folder in folders:
        for file in host.names(folder):
            if matched := _MODULE.fullmatch(file):
                yield matched[1], f"{folder}/{file}"


def _modinfo(host: Host, path: str) -> dict[str, str]:
    # through env, because a missing program would end an Ansible module
    status, out, _ = host.run(["env", "modinfo", str(host.path(path))], {"LC_ALL": "C"})
    if status:
        return {}
    pairs = (line.split(":", 1) for line in out.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs if key.strip() in ("version", "license")}


def _text(host: Host, name: str) -> str:
    return host.text(name) or ""
