"""The plan: GPUs, machine and what is desired in; settings for `custom.env` out, each with its reason.

The settings are those of the vendor's wizard (all services share all chosen GPUs,
so many workers for each GPU), made smaller where memory is short, and completed for
a vGPU guest.  Nothing is guessed: what is unknown limits nothing and the reason says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import (
    drivers as gpu_drivers,
    health as gpu_health,
    limits as gpu_limits,
    mig as gpu_mig,
    order as gpu_order,
    unknown as gpu_unknown,
)
from .model import GB, Gpu, Note
from .options import MULTIPLIERS, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .knowledge import Judged, Knowledge

WORKERS = {
    "FORGE_NUM_WORKERS": "forge-etl-python",
    "STREAMGL_NUM_WORKERS": "streamgl-gpu",
    "DASK_NUM_WORKERS": "dask-cuda-worker",
}
WATCHER = {
    "FEP_GPU_WATCHER_ENABLED": "1",
    "FEP_GPU_WATCHER_WARN_THRESHOLD": "70%",
    "FEP_GPU_WATCHER_IDLE_THRESHOLD": "60%",
    "FEP_GPU_WATCHER_KILL_THRESHOLD": "90%",
    "FEP_GPU_WATCHER_EMERGENCY_THRESHOLD": "95%",
}
# every name that a plan may set: one that it does not set is not left over from an earlier plan
NAMES = (
    "CUDA_VISIBLE_DEVICES",
    gpu_order.NAME,
    "STREAMGL_CUDA_VISIBLE_DEVICES",
    *WORKERS,
    "RMM_ALLOCATOR",
    *WATCHER,
)
GB_PER_WORKER = 4
# no server has more, and a list of each worker of a supercomputer is of no use
_MOST_ASSIGNED = 1024
# Linux takes no environment entry longer than this
_LONGEST_VALUE = 128 * 1024 - 64


@dataclass(frozen=True)
class Machine:
    """What is around the GPUs; None where the plan is for another machine.

    `answered`: nvidia-smi described the GPUs, so what it leaves out is unknown.  Of a preset or a mere count
    nothing more is to be known.
    """

    cores: int | None = None
    memory: int | None = None
    driver: str = ""
    cuda: str = ""
    attached: int | None = None
    arm: str = ""
    answered: bool = False


@dataclass(frozen=True)
class Plan:
    gpus: tuple[Gpu, ...]
    target: Judged
    env: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    assignment: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusals: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    driver: str = ""
    cuda_version: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "gpus": [gpu.as_dict() for gpu in self.gpus],
            "release": self.target.release,
            "cuda": self.target.cuda,
            "driver_version": self.driver or None,
            "cuda_version": self.cuda_version or None,
            "env": self.env,
            "reasons": self.reasons,
            "assignment": self.assignment,
            "warnings": [note.message for note in self.warnings],
            "advice": [note.as_advice() for note in (*self.refusals, *self.warnings)],
            "refusals": [note.as_dict() for note in self.refusals],
        }


def make(
    gpus: Sequence[Gpu], *, machine: Machine, options: Options, knowledge: Knowledge, target: Judged
) -> Plan:
    """A plan with refusals has no settings: there is nothing that could be applied."""
    empty = Plan(tuple(gpus), target, driver=machine.driver, cuda_version=machine.cuda)
    if not gpus:
        return replace(empty, refusals=(_no_gpu(),))
    asked, missing = _choose(gpus, options)
    if missing:
        return replace(empty, refusals=(missing,))
    chosen, broken, notes = _working(asked, options)
    refused = {
        gpu: [*gpu_limits.refusals(gpu, allow_mig=options.allow_mig, knowledge=knowledge, target=target)]
        for gpu in chosen
    }
    fit = [gpu for gpu in chosen if not refused[gpu]]
    refusals = broken + [_way_out(note, fit) for gpu in chosen for note in refused[gpu]]
    refusals += gpu_mig.without_uuid(gpus, fit) if not refusals else []
    refusals += gpu_mig.refusals(chosen) if options.allow_mig else []
    notes += _remarks(gpus, chosen, machine, options=options, knowledge=knowledge, target=target)
    plan = replace(empty, gpus=tuple(chosen or asked), refusals=tuple(refusals), warnings=tuple(notes))
    return plan if refusals else _settings(plan, gpus, machine, options)


def _working(asked: Sequence[Gpu], options: Options) -> tuple[list[Gpu], list[Note], list[Note]]:
    """GPUs to plan, refusals, warnings: one that is broken is left out where others remain and none was "
    "named."""
    broken = [gpu for gpu in asked if gpu.faults]
    working = [gpu for gpu in asked if not gpu.faults]
    if broken and (options.ids or not working):
        return working, [_way_out(gpu_health.refusal(gpu), working) for gpu in broken], []
    return working, [], [gpu_health.left_out(gpu) for gpu in broken]


def _way_out(note: Note, fit: Sequence[Gpu]) -> Note:
    """With GPUs beside it that fit, the first way out is to plan those."""
    if not fit:
        return note
    others = ",".join(str(gpu.index) for gpu in fit)
    hint = f"plan the others: --gpu-indices {others} (site file: gpu.indices); or {note.hint}"
    return replace(note, hint=hint, command=f"graphistry-airgap gpu plan --gpu-indices {others}")


def _remarks(
    gpus: Sequence[Gpu],
    chosen: Sequence[Gpu],
    machine: Machine,
    *,
    options: Options,
    knowledge: Knowledge,
    target: Judged,
) -> list[Note]:
    notes = [note for gpu in chosen for note in gpu_limits.warnings(gpu, allow_mig=options.allow_mig)]
    notes += gpu_limits.machine_warnings(chosen, machine.cores, machine.arm, knowledge)
    notes += gpu_order.warnings(gpus, chosen)
    notes += gpu_mig.beside(gpus)
    if machine.answered:
        notes += gpu_drivers.notes(target, machine.driver, chosen, knowledge)
        notes += gpu_unknown.warnings(chosen, machine.cuda, knowledge, target)
    return notes + _incomplete(gpus, machine.attached)


def _settings(plan: Plan, gpus: Sequence[Gpu], machine: Machine, options: Options) -> Plan:
    """`gpus` are all of the host: CUDA counts those that were not chosen, too."""
    notes = list(plan.warnings)
    env, reasons = _devices(plan.gpus, options, by_uuid=options.by_uuid or gpu_mig.is_beside(gpus))
    if gpu_order.differ(gpus):
        env[gpu_order.NAME], reasons[gpu_order.NAME] = gpu_order.BY_BUS, gpu_order.reason(gpus)
    for name, wanted in zip(WORKERS, options.multipliers or MULTIPLIERS):
        count, reason, short = _workers(
            plan.gpus, machine.memory, wanted, WORKERS[name], asked=bool(options.multipliers)
        )
        env[name], reasons[name] = str(count), reason
        notes += short
    if any(gpu.is_vgpu for gpu in plan.gpus):
        more, why = _vgpu(plan.gpus)
        env, reasons = {**env, **more}, {**reasons, **why}
    notes += _idle(plan.gpus, env)
    assignment = {}
    if len(plan.gpus) <= _MOST_ASSIGNED:
        assignment = {service: _round_robin(plan.gpus, int(env[name])) for name, service in WORKERS.items()}
    notes += _too_long(env["CUDA_VISIBLE_DEVICES"], len(plan.gpus))
    return replace(plan, env=env, reasons=reasons, assignment=assignment, warnings=tuple(notes))


def _choose(gpus: Sequence[Gpu], options: Options) -> tuple[list[Gpu], Note | None]:
    if not options.ids:
        return list(gpus), None
    by_id = {gpu.uuid if options.by_uuid else str(gpu.index): gpu for gpu in gpus}
    absent = [one for one in options.ids if one not in by_id]
    if absent:
        there = ", ".join(sorted(by_id, key=lambda one: (len(one), one))) or "none with a known UUID"
        return [], Note(
            "gpu-not-there",
            f"there is no GPU {', '.join(absent)}",
            there,
            ", ".join(options.ids),
            "name GPUs that are there with --gpu-indices (site file: gpu.indices), or leave it out for all",
        )
    return [by_id[one] for one in options.ids], None


def _devices(
    gpus: Sequence[Gpu], options: Options, *, by_uuid: bool
) -> tuple[dict[str, str], dict[str, str]]:
    integers = ",".join(str(gpu.index) for gpu in gpus)
    which = "all GPUs that are there" if not options.ids else "the GPUs that were asked for"
    always = "set explicitly, because without it services use GPU 0 or all, depending on the release"
    if not by_uuid:
        return {"CUDA_VISIBLE_DEVICES": integers}, {
            "CUDA_VISIBLE_DEVICES": f"{which}, for every GPU service; {always}"
        }
    return (
        {
            "CUDA_VISIBLE_DEVICES": ",".join(gpu.uuid for gpu in gpus),
            "STREAMGL_CUDA_VISIBLE_DEVICES": integers,
        },
        {
            "CUDA_VISIBLE_DEVICES": f"{which} by UUID, for every GPU service; {always}",
            "STREAMGL_CUDA_VISIBLE_DEVICES": "the same GPUs by index: streamgl-gpu (OpenCL) knows no UUIDs",
        },
    )


def _workers(
    gpus: Sequence[Gpu], memory: int | None, wanted: int, service: str, *, asked: bool
) -> tuple[int, str, list[Note]]:
    """So many for each GPU, at most one for every 4 GB of its memory and of the machine's."""
    total = wanted * len(gpus)
    known = [slots for gpu in gpus if (slots := gpu.slots(GB_PER_WORKER)) is not None]
    each = min([wanted, *(max(1, slots) for slots in known)])
    by_memory = max(1, memory // (GB_PER_WORKER * GB)) if memory else None
    fits = min(each * len(gpus), by_memory) if by_memory else each * len(gpus)
    if asked:
        reason = f"{wanted} {_per_gpu(len(gpus))}, as asked for"
        if fits < total:
            return total, reason, [_many(service, total, fits)]
        return total, reason, []
    reason = f"{each} {_per_gpu(len(gpus))}"
    smallest = min((gpu.memory_gb for gpu in gpus if gpu.memory_gb is not None), default=None)
    if smallest is None:
        reason += "; the GPUs' memory is not known and limits nothing"
    elif each < wanted:
        reason += f": one for every {GB_PER_WORKER} GB, and the smallest GPU has {smallest:.1f} GB"
    else:
        reason += f": the default, for which {smallest:.1f} GB of GPU memory suffice"
    if fits < each * len(gpus):
        machine = f"{(memory or 0) / GB:.1f} GB"
        reason += f"; cut to {fits}, one for every {GB_PER_WORKER} GB of main memory ({machine})"
    return fits, reason, []


def _per_gpu(count: int) -> str:
    return "for the one GPU" if count == 1 else f"for each of {count} GPUs"


def _vgpu(gpus: Sequence[Gpu]) -> tuple[dict[str, str], dict[str, str]]:
    integers = ",".join(str(gpu.index) for gpu in gpus)
    names = ", ".join(sorted({gpu.profile.name if gpu.profile else gpu.label for gpu in gpus if gpu.is_vgpu}))
    watcher = "a vGPU cannot spill to main memory, so jobs that fill it are ended before it is full"
    why = {
        "RMM_ALLOCATOR": f"{names} is a vGPU: it has no unified memory, which `managed` needs",
        "STREAMGL_CUDA_VISIBLE_DEVICES": "by index: streamgl-gpu knows no UUIDs, and a vGPU's can change",
    }
    env = {"RMM_ALLOCATOR": "default", "STREAMGL_CUDA_VISIBLE_DEVICES": integers, **WATCHER}
    return env, {**why, **dict.fromkeys(WATCHER, watcher)}


def _round_robin(gpus: Sequence[Gpu], workers: int) -> list[dict[str, Any]]:
    """Worker i runs on GPU i modulo their number, as the services themselves do it."""
    return [
        {"gpu": gpu.index, "workers": list(range(place, workers, len(gpus)))}
        for place, gpu in enumerate(gpus)
    ]


def _idle(gpus: Sequence[Gpu], env: dict[str, str]) -> list[Note]:
    found = []
    for name, service in WORKERS.items():
        idle = [str(gpu.index) for gpu in gpus[int(env[name]) :]]
        if idle:
            shown = ", ".join(idle[:16]) + (f" and {len(idle) - 16} more" if len(idle) > 16 else "")
            found.append(
                Note(
                    "gpus-idle",
                    f"{service} has fewer workers than there are GPUs: GPU {shown} idle",
                    f"{env[name]} workers",
                    f"{len(gpus)} workers",
                    "give the machine more memory, ask for more workers, or plan fewer GPUs",
                )
            )
    return found


def _many(service: str, total: int, fits: int) -> Note:
    return Note(
        "workers-above-memory",
        f"{total} workers of {service} were asked for, and the memory is enough for {fits}",
        str(total),
        f"{fits}: one for every {GB_PER_WORKER} GB of GPU memory and of main memory",
        "ask for fewer workers, or leave them out to have them sized",
    )


def _too_long(devices: str, count: int) -> list[Note]:
    if len(devices) <= _LONGEST_VALUE:
        return []
    return [
        Note(
            "more-than-one-server",
            f"a list of {count} GPUs is longer than an environment variable may be: no one server has them",
            str(count),
            "a plan for each server",
            "plan one server of the cluster: --gpu-count N",
        )
    ]


def _incomplete(gpus: Sequence[Gpu], attached: int | None) -> list[Note]:
    if attached is None or attached == len(gpus):
        return []
    return [
        Note(
            "gpus-not-described",
            f"nvidia-smi counts {attached} GPUs and describes {len(gpus)}; the plan is for those "
            "described, and counts them as if they were all",
            str(len(gpus)),
            str(attached),
            "take a whole answer of `nvidia-smi -q -x`",
        )
    ]


def _no_gpu() -> Note:
    return Note(
        "gpu-missing",
        "there is no NVIDIA GPU",
        "no GPU",
        "one NVIDIA GPU",
        "add a GPU, or plan for another machine with --capture, --preset or --gpu-count",
    )
