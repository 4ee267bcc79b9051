"""NVIDIA's driver as Ubuntu's component restricted and NVIDIA's own repository name it: a stand-in.

Names and dependencies are the vendors'; there is nothing in the packages but modules that tell their
version. A row has `name`, `version`, `depends` and `component`, as `ubuntu-packages/packages.json` has
them; `files` are paths with their bytes, `postinst` is a maintainer script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.repositories import kernel_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Row = dict[str, Any]

RESTRICTED = "restricted"
_PARTS = ("nvidia", "nvidia-modeset", "nvidia-drm", "nvidia-uvm", "nvidia-peermem")
# Ubuntu's links the objects and puts Canonical's signatures on them; this gives them their names alone
_LINK = """\
#!/bin/sh
set -e
for part in {folder}/bits/*.o; do
    name=${{part##*/}}
    cp "$part" "{folder}/${{name%.o}}.ko"
done
depmod {kernel}
"""


def server_driver(branch: str, version: str, kinds: Sequence[str]) -> Iterator[Row]:
    """The `-server` packages of a branch without modules for any kernel; `kinds` are open, proprietary."""
    full = f"{version}-0ubuntu0.24.04.1"
    line = f"{branch}-server"
    common = f"nvidia-kernel-common-{line} (= {full})"
    compute = f"libnvidia-compute-{line} (= {full})"
    parts = {
        f"nvidia-firmware-{line}-{version}": "",
        f"nvidia-kernel-common-{line}": f"nvidia-firmware-{line}-{version}",
        f"libnvidia-compute-{line}": "libc6 (>= 2.34)",
        f"nvidia-compute-utils-{line}": f"adduser, {compute}",
        f"nvidia-utils-{line}": f"{compute}, {common}",
    }
    for kind in kinds:
        end = _end(kind)
        parts |= {
            f"nvidia-kernel-source-{line}{end}": "",
            f"nvidia-dkms-{line}{end}": f"dkms, nvidia-kernel-source-{line}{end} (= {full}), {common}",
            f"nvidia-headless-no-dkms-{line}{end}": (
                f"{compute}, nvidia-compute-utils-{line} (= {full}), {common}, "
                f"nvidia-kernel-source-{line}{end} (= {full})"
            ),
        }
    for name, depends in parts.items():
        yield _row(name, full, depends)


def ready_made(branch: str, version: str, kinds: Sequence[str], kernel: str, build: str) -> Iterator[Row]:
    """Modules of that driver for one kernel; `build` is the version of the kernel's packages."""
    common = f"nvidia-kernel-common-{branch}-server"
    for kind in kinds:
        name = f"{branch}-server{_end(kind)}-{kernel}"
        depends = (
            f"linux-image-{kernel} | linux-image-unsigned-{kernel}, "
            f"linux-signatures-nvidia-{kernel} (= {build}), linux-objects-nvidia-{name} (= {build}), "
            f"{common} (<= {version}-1), {common} (>= {version})"
        )
        folder = f"/lib/modules/{kernel}/kernel/nvidia-{branch}srv{_end(kind)}"
        licence = "Dual MIT/GPL" if kind == "open" else "NVIDIA"
        told = {"license": licence, "version": version}
        objects = {f"{folder}/bits/{part}.o": kernel_module.module(told) for part in _PARTS}
        yield _row(f"linux-modules-nvidia-{name}", build, depends) | {
            "postinst": _LINK.format(folder=folder, kernel=kernel)
        }
        yield _row(f"linux-objects-nvidia-{name}", build, "") | {"files": objects}


def signatures(kernel: str, build: str) -> Row:
    """Of all modules of NVIDIA's for one kernel."""
    return _row(f"linux-signatures-nvidia-{kernel}", build, "")


def kernel_packages(kernel: str, build: str) -> Iterator[Row]:
    """A kernel's image and headers, of the component main."""
    abi = "-".join(kernel.split("-")[:2])
    for name, depends in (
        (f"linux-image-{kernel}", ""),
        (f"linux-headers-{kernel}", f"linux-headers-{abi} (= {build})"),
        (f"linux-headers-{abi}", ""),
    ):
        yield _row(name, build, depends, "main")


def transition(old: str, new: str, version: str) -> Row:
    """What is left of a branch: a name that brings another one."""
    full = f"{version}-0ubuntu0.24.04.1"
    return _row(f"nvidia-utils-{old}-server", full, f"nvidia-utils-{new}-server")


def vendor_driver(version: str, kinds: Sequence[str]) -> Iterator[Row]:
    """NVIDIA's own packages: the branch stands in their names up to 580, and not from 590 on."""
    branch, full = version.partition(".")[0], f"{version}-1ubuntu1"
    line = f"-{branch}" if int(branch) <= 580 else ""
    compute = f"libnvidia-compute{line} (= {full})"
    parts = {
        f"libnvidia-compute{line}": "libc6 (>= 2.34)",
        f"nvidia-utils{line}": compute,
        "nvidia-persistenced": "",
        f"nvidia-kernel-common{line}": "",
    }
    for kind in kinds:
        parts[f"nvidia-dkms{line}{_end(kind)}"] = f"dkms, nvidia-kernel-common{line} (= {full})"
    for name, depends in parts.items():
        yield _row(name, full, depends, "")


def _end(kind: str) -> str:
    return "-open" if kind == "open" else ""


def _row(name: str, version: str, depends: str, component: str = RESTRICTED) -> Row:
    row = {"name": name, "version": version, "component": component}
    return row | ({"depends": depends} if depends else {})
