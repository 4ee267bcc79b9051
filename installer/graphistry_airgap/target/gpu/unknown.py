"""What an answer of nvidia-smi leaves open, and what it would have decided: never taken as fine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import knowledge as gpu_knowledge
from .model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .knowledge import Judged, Knowledge
    from .model import Gpu

_CAPTURE = "nvidia-smi -q -x > machine.xml"


def warnings(gpus: Sequence[Gpu], cuda: str, knowledge: Knowledge, target: Judged) -> Iterator[Note]:
    """Of GPUs that a driver described; the driver's own version is judged with its range."""
    for gpu in gpus:
        if gpu.memory_gb is None:
            yield _memory(gpu, knowledge)
        if gpu_knowledge.architecture(knowledge, gpu) is None:
            yield _generation(gpu, target)
    if not cuda:
        yield Note(
            "gpu-cuda-unknown",
            "nvidia-smi prints no CUDA version; it would only say the newest CUDA that the driver "
            "offers, and the driver's version decides",
            "no CUDA version",
            "a CUDA version, for comparison",
            "nothing, if the driver's version is known",
        )


def _memory(gpu: Gpu, knowledge: Knowledge) -> Note:
    row = gpu_knowledge.arm_machine(knowledge, gpu)
    if row and row["memory"] == "shared":
        return Note(
            "gpu-memory-unknown",
            f"the memory of {gpu.label} is not known, because it has none of its own: GPU and processor "
            "use the same memory, so workers are limited by main memory alone, each counted once where "
            "it needs it twice",
            "no memory size",
            "4 GB for the GPU and 4 GB for the processor, for each worker",
            "size the workers by hand with --workers F,S,D (site file: gpu.workers)",
            "graphistry-airgap gpu plan --workers 1,1,1",
        )
    return Note(
        "gpu-memory-unknown",
        f"the memory of {gpu.label} is not known; it would decide whether the services can start at all "
        "(2 GB) and how many workers fit (one for every 4 GB): nothing is limited by it",
        "no memory size",
        "the field fb_memory_usage/total",
        "look at the machine with `nvidia-smi`, and size the workers by hand with --workers F,S,D (site "
        "file: gpu.workers)",
        "nvidia-smi --query-gpu=index,name,memory.total --format=csv",
    )


def _generation(gpu: Gpu, target: Judged) -> Note:
    rapids = f"RAPIDS {target.row['rapids']}" if target.row else "RAPIDS"
    said = gpu.architecture or "neither product_architecture nor a PCI device or name that is known"
    return Note(
        "gpu-generation-unknown",
        f"the generation of {gpu.label} is not known ({said}); it would decide whether {rapids} supports "
        "it and which drivers drive it",
        said,
        "compute capability 7.0 or higher",
        "look up its compute capability at developer.nvidia.com/cuda-gpus, or take a whole answer with a "
        f"newer driver: `{_CAPTURE}`",
        "nvidia-smi --query-gpu=index,name,compute_cap --format=csv",
    )
