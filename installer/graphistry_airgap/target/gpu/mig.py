"""What CUDA sees of a host on which GPUs are cut by MIG.

NVIDIA, MIG user guide, CUDA device enumeration: a process enumerates one MIG instance only, and no GPU that
is not cut as long as it enumerates one (dask-cuda #583, vllm pull request 6582).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .model import Gpu


def refusals(chosen: Sequence[Gpu]) -> Iterator[Note]:
    """Several GPUs of which one is cut: all but one would stay idle, and its workers crowd the other."""
    cut = [gpu for gpu in chosen if gpu.mig]
    if not cut or len(chosen) == 1:
        return
    whole = ",".join(str(gpu.index) for gpu in chosen if not gpu.mig)
    others = ", ".join(gpu.label for gpu in chosen if gpu is not cut[0])
    one = f"--gpu-indices {cut[0].index} --allow-mig"
    hint = f"plan the one that is cut: {one} (site file: gpu.indices and gpu.allow_mig)"
    command = f"graphistry-airgap gpu plan {one}"
    if whole:
        hint = f"plan what is not cut: --gpu-indices {whole} (site file: gpu.indices); or {hint}"
        command = f"graphistry-airgap gpu plan --gpu-indices {whole}"
    yield Note(
        "gpu-mig-several",
        f"{cut[0].label} is cut by MIG: CUDA gives a process one MIG instance, and beside it no other "
        f"GPU, so {others} would stay idle and all workers share one instance",
        f"{len(chosen)} GPUs, {len(cut)} of them cut by MIG",
        "one GPU that is cut by MIG, or GPUs that are not",
        hint,
        command,
    )


def is_beside(gpus: Sequence[Gpu]) -> bool:
    """Whether an index could mean an instance: CUDA counts that first, and then nothing else."""
    return len(gpus) > 1 and any(gpu.mig for gpu in gpus)


def beside(gpus: Sequence[Gpu]) -> Iterator[Note]:
    if not is_beside(gpus):
        return
    cut = ", ".join(gpu.label for gpu in gpus if gpu.mig)
    first = next(gpu for gpu in gpus if gpu.mig)
    off = f"nvidia-smi -i {first.index} -mig 0"
    yield Note(
        "gpu-mig-beside",
        f"{cut} of this host is cut by MIG, and by index CUDA would find an instance before any whole "
        "GPU: the plan names GPUs by UUID; streamgl-gpu takes indices only and may find an instance, too",
        "MIG enabled on a part of the GPUs",
        "MIG off on all GPUs",
        f"switch MIG off: `{off}`; else look after the start that streamgl-gpu uses the GPU that was meant",
        off,
    )


def without_uuid(gpus: Sequence[Gpu], chosen: Sequence[Gpu]) -> Iterator[Note]:
    nameless = [gpu.label for gpu in chosen if not gpu.uuid]
    if is_beside(gpus) and nameless:
        yield Note(
            "gpu-uuid-unknown",
            f"{', '.join(nameless)} stands beside a GPU that is cut by MIG and has no known UUID, by "
            "which alone CUDA would find it",
            "no UUID",
            "the field uuid",
            "take a whole answer of `nvidia-smi -q -x`, or switch MIG off",
        )
