"""NVIDIA GPUs on the PCI bus, from sysfs: what a machine has before it has a driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Gpu

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..host.machine import Host

_NVIDIA = "0x10de"
# VGA and 3D controllers; the audio function of a card (0x0403) is a device of its own
_CLASSES = ("0x0300", "0x0302")
_DEVICES = "/sys/bus/pci/devices"


def devices(host: Host) -> list[dict[str, str]]:
    """`[{address, device}]` in the bus's order, which is also nvidia-smi's."""
    return [
        {"address": name, "device": host.word(f"{_DEVICES}/{name}/device")}
        for name in host.names(_DEVICES)
        if host.word(f"{_DEVICES}/{name}/vendor").lower() == _NVIDIA
        and host.word(f"{_DEVICES}/{name}/class").lower().startswith(_CLASSES)
    ]


def as_gpus(found: Sequence[dict[str, str]], architecture_of: Callable[[str], str]) -> list[Gpu]:
    """GPUs of which nothing is known but where they are and, by device id, their generation."""
    return [
        Gpu(
            index=index,
            pci_address=device["address"],
            pci_device=device["device"].lower().removeprefix("0x"),
            architecture=architecture_of(device["device"]),
        )
        for index, device in enumerate(found)
    ]
