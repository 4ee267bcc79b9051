"""Who counts GPUs how: nvidia-smi by PCI bus, CUDA by speed unless it is told otherwise.

On a host whose GPUs differ an index alone means two cards (gpustack #3744, koboldcpp #1023, dask-cuda #777).
CUDA_DEVICE_ORDER=PCI_BUS_ID makes CUDA count as nvidia-smi does (CUDA C++ programming guide, environment
variables); it goes into custom.env beside the indices, and so to the same services.  UUIDs would need no
order, but streamgl-gpu takes indices only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .model import Gpu

NAME = "CUDA_DEVICE_ORDER"
BY_BUS = "PCI_BUS_ID"
DEVICES = "CUDA_VISIBLE_DEVICES"
_INDICES = re.compile(r"\s*\d+\s*(,\s*\d+\s*)*")


def differ(gpus: Sequence[Gpu]) -> bool:
    """Of one model each: a name and a PCI device.  GPUs of which nothing is known are not told apart."""
    return len({_model(gpu) for gpu in gpus}) > 1


def reason(gpus: Sequence[Gpu]) -> str:
    return (
        f"the GPUs of this host differ ({_models(gpus)}): with it CUDA counts by PCI bus as nvidia-smi does, "
        "without it by speed"
    )


def warnings(gpus: Sequence[Gpu], chosen: Sequence[Gpu]) -> Iterator[Note]:
    """Choosing some of a host's GPUs does not make the others go away: all of them are counted."""
    if not differ(gpus):
        return
    counted = (
        f"nvidia-smi counts by PCI bus and CUDA by speed, so the plan sets {NAME}={BY_BUS}, and indices mean "
        "the same GPUs to both"
    )
    if not differ(chosen):
        yield Note(
            "gpus-differ",
            f"the GPUs of this host differ ({_models(gpus)}), of which those planned are of one model; "
            f"{counted}",
            _models(gpus),
            f"{NAME}={BY_BUS} wherever these indices are used",
            "keep both settings together",
        )
        return
    alike = ",".join(str(gpu.index) for gpu in _largest_group(chosen))
    yield Note(
        "gpus-differ",
        f"the GPUs differ ({_models(chosen)}): work is spread evenly, so the smallest sets the pace; "
        f"{counted}",
        _models(chosen),
        "GPUs of one model",
        f"plan GPUs of one model: --gpu-indices {alike} (site file: gpu.indices)",
        f"graphistry-airgap gpu plan --gpu-indices {alike}",
    )


def by_hand(gpus: Sequence[Gpu], settings: Mapping[str, str], path: str) -> Iterator[Note]:
    """`settings`: the operator's own lines, which win over the installer's.  Both of these name other "
    "cards."""
    if not differ(gpus):
        return
    order = settings.get(NAME, "")
    if order and order != BY_BUS:
        yield Note(
            "gpu-order",
            f"{path} sets {NAME}={order} by hand on a host whose GPUs differ ({_models(gpus)}): CUDA "
            "would count them otherwise than nvidia-smi and the plan do",
            f"{NAME}={order}",
            f"{NAME}={BY_BUS}",
            f"write {NAME}={BY_BUS} in that line, or delete it and let the installer set it",
        )
    named = [name for name, value in sorted(settings.items()) if is_index_list(name, value)]
    if named and not order:
        lines = ", ".join(f"{name}={settings[name]}" for name in named)
        yield Note(
            "gpu-order",
            f"{path} sets {lines} by hand, without {NAME}, on a host whose GPUs differ "
            f"({_models(gpus)}): CUDA counts them by speed, nvidia-smi by PCI bus, so these indices mean "
            "other GPUs than they seem to",
            lines,
            f"{NAME}={BY_BUS} beside it",
            f"compare the indices with `nvidia-smi -L` and add the line {NAME}={BY_BUS}, or delete these "
            "lines and name the GPUs in the site file (gpu.indices)",
        )


def is_index_list(name: str, value: str) -> bool:
    return name.endswith(DEVICES) and _INDICES.fullmatch(value) is not None


def _model(gpu: Gpu) -> tuple[str, str]:
    return gpu.name, gpu.pci_device


def _models(gpus: Sequence[Gpu]) -> str:
    return ", ".join(sorted({gpu.name or gpu.pci_device or "unknown model" for gpu in gpus}))


def _largest_group(gpus: Sequence[Gpu]) -> list[Gpu]:
    """The GPUs of the model that there are most of; of equal numbers the one with more memory."""

    def worth(model: tuple[str, str]) -> tuple[int, int]:
        alike = [gpu for gpu in gpus if _model(gpu) == model]
        return len(alike), max(gpu.usable_mib or 0 for gpu in alike)

    best = max(dict.fromkeys(_model(gpu) for gpu in gpus), key=worth)
    return [gpu for gpu in gpus if _model(gpu) == best]
