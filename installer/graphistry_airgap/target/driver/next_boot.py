"""Which kernel the host boots next, as far as that can be read without asking the boot loader.

GRUB's own file counts when it names its first or its saved entry; else the newest
kernel, which is what distributions boot by default.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import kernels as driver_kernels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..host.machine import Host

FOLDERS = ("/boot/grub", "/boot/grub2")
_DEFAULT = re.compile(r'^\s*set default="([^"]*)"', re.MULTILINE)
_LINUX = re.compile(r"^\s*linux(?:16|efi)?\s+\S*vmlinuz-(\S+)", re.MULTILINE)
_SAVED = re.compile(r"^saved_entry=(.+)$", re.MULTILINE)
_ONE_TIME = "${next_entry}"


def probe(host: Host, kernels: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """`next` is the kernel of the next boot, `kernels` are those that could be booted."""
    found = driver_kernels.kernels(host) if kernels is None else kernels
    kept = ("name", "running", "has_headers", "has_modules", "modules")
    bootable = [{key: one[key] for key in kept} for one in found if one["installed"]]
    return {"next": next_kernel(host, [one["name"] for one in bootable]), "kernels": bootable}


def next_kernel(host: Host, names: Sequence[str]) -> str:
    return _of_grub(host, names) or max(names, key=age, default="")


def age(name: str) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", name)], name


def _of_grub(host: Host, names: Iterable[str]) -> str:
    for folder in FOLDERS:
        config = host.text(f"{folder}/grub.cfg")
        if config is None:
            continue
        default = next((one for one in _DEFAULT.findall(config) if one != _ONE_TIME), "")
        if default == "${saved_entry}":
            saved = _SAVED.search(host.text(f"{folder}/grubenv") or "")
            return max((name for name in names if saved and saved[1].endswith(name)), key=len, default="")
        first = _LINUX.search(config)
        if default == "0" and first and first[1] in names:
            return first[1]
    return ""
