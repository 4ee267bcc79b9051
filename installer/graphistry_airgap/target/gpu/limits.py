"""What each GPU, and the machine around them, can and cannot do for the product.

A refusal says why the services could not work; a warning says what will be slow,
small or idle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import knowledge as gpu_knowledge
from .model import LICENSED, PASS_THROUGH, UNLICENSED, VGPU_HOST, Gpu, Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .knowledge import Judged, Knowledge

CLASSES_WITH_CUDA = "CQ"
SMALLEST_GB = 2
SMALL_GB = 4
CORES_PER_GPU = 4
# the memory of GPUs that are built together with an ARM processor
_MEMORY = {
    "": "",
    "own": "",
    "coherent": "; its memory is unified: GPU and processor have one address space, each with memory of "
    "its own",
    "shared": "; its memory is unified: the GPU has none of its own and shares the processor's",
}
_GRIDD = (
    "name the licence server's token, or its address, under `vgpu` in the site file; or licence the guest by "
    "hand, restart nvidia-gridd and look at `nvidia-smi -q`"
)


def refusals(gpu: Gpu, *, allow_mig: bool, knowledge: Knowledge, target: Judged) -> Iterator[Note]:
    if gpu.driver_model:
        yield Note(
            "gpu-windows",
            f"{gpu.label} runs under Windows (driver model {gpu.driver_model}), and the product is for "
            "Linux: under Windows, other memory is free and other drivers fit",
            f"driver model {gpu.driver_model}",
            "the same machine under Linux",
            "take the capture under Linux: `nvidia-smi -q -x > machine.xml`",
            "nvidia-smi -q -x > machine.xml",
        )
    yield from vgpu_refusals(gpu)
    if gpu.mig and not allow_mig:
        yield Note(
            "gpu-mig",
            f"{gpu.label} is cut into MIG instances, which RAPIDS does not officially support",
            f"MIG enabled, {len(gpu.mig_memory_mib)} instances",
            "MIG off",
            f"switch it off with `nvidia-smi -i {gpu.index} -mig 0`, or accept the risk with --allow-mig "
            "(site file: gpu.allow_mig: true)",
            f"nvidia-smi -i {gpu.index} -mig 0",
        )
    elif gpu.mig and not gpu.mig_memory_mib:
        yield Note(
            "gpu-mig-empty",
            f"{gpu.label} has MIG enabled and no instance, so nothing can run on it",
            "MIG enabled, no instances",
            "one instance, or MIG off",
            f"make an instance with `nvidia-smi mig`, or switch MIG off: `nvidia-smi -i {gpu.index} -mig 0`",
            f"nvidia-smi -i {gpu.index} -mig 0",
        )
    if gpu.memory_gb is not None and gpu.slots(SMALLEST_GB) == 0:
        yield Note(
            "gpu-memory-too-small",
            f"{gpu.label} has {gpu.memory_gb:.1f} GB of memory; the services need 1.5 GB before any work",
            f"{gpu.memory_gb:.1f} GB",
            f"{SMALL_GB} GB, and {SMALLEST_GB} GB for a development machine",
            "use a larger profile, such as 8Q" if gpu.is_vgpu else "use a larger GPU",
        )
    if old := gpu_knowledge.too_old(knowledge, target, gpu):
        yield old


def vgpu_refusals(gpu: Gpu) -> Iterator[Note]:
    if not gpu.is_vgpu:
        return
    profile = gpu.profile
    if profile and profile.kind not in CLASSES_WITH_CUDA:
        yield Note(
            "vgpu-profile-without-cuda",
            f"{gpu.label} has a vGPU profile of class {profile.kind}, which offers neither CUDA nor OpenCL",
            profile.name,
            "a profile of class Q or C, such as 8Q",
            "have the hypervisor's administrator give the machine a Q or C profile",
        )
    if profile and profile.mig_backed:
        yield Note(
            "vgpu-mig-backed",
            f"{gpu.label} is a vGPU backed by a MIG slice, which RAPIDS does not officially support",
            profile.name,
            "a time-sliced profile, such as 8Q",
            "have the hypervisor's administrator give the machine a time-sliced Q or C profile",
        )
    if gpu.licence == UNLICENSED:
        yield Note(
            "vgpu-unlicensed",
            f"{gpu.label} is an unlicensed vGPU: it is visible, and CUDA calls fail",
            UNLICENSED,
            LICENSED,
            _GRIDD,
        )


def warnings(gpu: Gpu, *, allow_mig: bool) -> Iterator[Note]:
    if gpu.memory_gb is not None and gpu.slots(SMALL_GB) == 0 and gpu.slots(SMALLEST_GB):
        yield Note(
            "gpu-memory-small",
            f"{gpu.label} has {gpu.memory_gb:.1f} GB of memory: enough for development, not for users",
            f"{gpu.memory_gb:.1f} GB",
            f"{SMALL_GB} GB",
            "use a larger profile, such as 8Q" if gpu.is_vgpu else "use a larger GPU",
        )
    if gpu.is_vgpu and not gpu.profile and gpu.name:
        yield Note(
            "vgpu-profile-unknown",
            f"{gpu.label} is a vGPU whose name shows no profile, so its class cannot be checked",
            gpu.name,
            "a profile of class Q or C",
            "ask the hypervisor's administrator for the profile",
        )
    if gpu.is_vgpu and not gpu.licence:
        yield Note(
            "vgpu-licence-unknown",
            f"{gpu.label} is a vGPU, and the driver does not say whether it is licensed",
            "no licence state",
            LICENSED,
            "look at `nvidia-smi -q` and at the log of nvidia-gridd",
        )
    if gpu.virtualization == VGPU_HOST:
        yield Note(
            "gpu-is-hypervisors",
            f"{gpu.label} is set up to be divided into vGPUs: this machine is their hypervisor",
            VGPU_HOST,
            f"bare metal, {PASS_THROUGH} or a vGPU guest",
            "install in a guest, or leave this GPU out",
        )
    if gpu.mig and gpu.mig_memory_mib and allow_mig:
        yield Note(
            "gpu-mig-first-instance",
            f"of {gpu.label}, cut by MIG, the services use the first of {len(gpu.mig_memory_mib)} instances",
            f"{len(gpu.mig_memory_mib)} instances",
            "MIG off",
            f"switch MIG off to use the whole GPU: `nvidia-smi -i {gpu.index} -mig 0`",
            f"nvidia-smi -i {gpu.index} -mig 0",
        )
    if gpu.compute_mode.lower().startswith(("exclusive", "prohibited")):
        yield Note(
            "gpu-compute-mode",
            f"{gpu.label} is in compute mode {gpu.compute_mode}; several services share each GPU",
            gpu.compute_mode,
            "Default",
            f"`nvidia-smi -i {gpu.index} -c 0`",
            f"nvidia-smi -i {gpu.index} -c 0",
        )


def machine_warnings(
    gpus: Sequence[Gpu], cores: int | None, arm_machine: str, knowledge: Knowledge
) -> Iterator[Note]:
    if cores and cores < CORES_PER_GPU * len(gpus):
        yield Note(
            "cores-below-gpus",
            f"{cores} processor cores for {len(gpus)} GPUs: the cores will hold the GPUs up",
            f"{cores} cores",
            f"{CORES_PER_GPU * len(gpus)} cores, {CORES_PER_GPU} for each GPU",
            "give the machine more cores, or plan fewer GPUs with --gpu-indices (site file: gpu.indices)",
        )
    rows = [(gpu, row) for gpu in gpus if (row := gpu_knowledge.arm_machine(knowledge, gpu))]
    name = arm_machine or (rows[0][0].name if rows else "")
    if name:
        yield Note(
            "arm-machine",
            f"{name} is an ARM machine; the product's images are for "
            f"x86{_MEMORY[rows[0][1]['memory'] if rows else '']}",
            "arm64",
            "amd64",
            "ask the vendor for ARM images",
        )
