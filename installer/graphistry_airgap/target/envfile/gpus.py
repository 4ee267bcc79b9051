"""What a list of GPUs in an env file means to CUDA and to the container toolkit.

CUDA takes indices, UUIDs (also the beginning of one, if it is one GPU's alone) or one MIG instance; an empty
list hides every GPU (CUDA C++ Programming Guide, CUDA Environment Variables; MIG User Guide). The container
toolkit takes an empty NVIDIA_VISIBLE_DEVICES, `void` and `none` for no GPU (its documentation, GPU
Enumeration).
"""

from __future__ import annotations

import re

from .values import gpu_list

CPU_MODE = "GRAPHISTRY_CPU_MODE"
_LISTS = re.compile(r"(?:[A-Z_]+_)?CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES")
_NO_GPU = {"CUDA_VISIBLE_DEVICES": ("",), "NVIDIA_VISIBLE_DEVICES": ("", "void", "none")}
_WHOLE = len("GPU-00000000-0000-0000-0000-000000000000")


def is_list(name: str) -> bool:
    return _LISTS.fullmatch(name) is not None


def hides_every_gpu(name: str, value: str) -> bool:
    """Of a list for one service this is not known: a release can take the list for all instead."""
    return value.strip() in _NO_GPU.get(name, ())


def abbreviated(value: str) -> list[str]:
    return [one for one in gpu_list(value) if one.startswith("GPU-") and len(one) < _WHOLE]


def same(one: str, other: str) -> bool:
    """Whether two entries can be the same GPU: the beginning of a UUID stands for the whole."""
    if not one.startswith("GPU-") or not other.startswith("GPU-"):
        return one == other
    first, second = one.lower(), other.lower()
    return first.startswith(second) or second.startswith(first)
