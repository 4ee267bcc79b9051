"""`gpu plan`: settings for the GPUs of this machine, of a capture, of a preset, or of a mere number."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import remarks
from graphistry_airgap.core.errors import FindingsError, HostError, InputError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.target.gpu import (
    discovery as gpu_host,
    knowledge as gpu_knowledge,
    options as gpu_options,
    plan as gpu_plan,
    smi as gpu_smi,
)
from graphistry_airgap.target.gpu.model import GB, Gpu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MIB = 1 << 20
# more rows than this say nothing to a person
_SHOWN_GPUS = 16


@dataclass(frozen=True)
class GpuRequest:
    """At most one of capture, preset and count; none of them means this machine."""

    capture: Path | None = None
    preset: str | None = None
    count: int | None = None
    indices: str = ""
    workers: str = ""
    allow_mig: bool = False
    env_only: bool = False


@dataclass(frozen=True)
class PlanGpus:
    knowledge: dict[str, Any]
    discover: Callable[[], tuple[gpu_host.Found, dict[str, int]]]
    installed: Callable[[], tuple[str, str]]

    def run(self, request: GpuRequest) -> Result:
        """Exit 3 when the hardware is refused; the data says what was found in any case."""
        try:
            options = gpu_options.read(
                indices=request.indices, workers=request.workers, allow_mig=request.allow_mig
            )
        except gpu_options.OptionError as error:
            raise InputError(str(error), code=error.code, hint=error.hint) from None
        gpus, machine, said = self._hardware(request, options)
        plan = gpu_plan.make(
            gpus,
            machine=machine,
            options=options,
            knowledge=self.knowledge,
            target=gpu_knowledge.judged(self.knowledge, *self.installed()),
        )
        data = plan.as_dict()
        data["warnings"] = said + data["warnings"]
        data["advice"] = [_for_this(request, note) for note in data["advice"]]
        if plan.refusals:
            refused = failed(FindingsError([_refusal(note.as_dict()) for note in plan.refusals]), data)
            return replace(refused, messages=_env_lines(data) if request.env_only else _warnings(data))
        return Result(data, _env_lines(data) if request.env_only else _report(data))

    def _hardware(
        self, request: GpuRequest, options: gpu_options.Options
    ) -> tuple[list[Gpu], gpu_plan.Machine, list[str]]:
        if request.capture is not None:
            answer = _capture(request.capture)
            return list(answer.gpus), _described(answer), []
        if request.preset is not None:
            return self._preset(request.preset)
        if request.count is not None:
            return [Gpu(index) for index in range(request.count)], gpu_plan.Machine(), []
        found, resources = self.discover()
        gpus = found.gpus(self.knowledge)
        if not gpus and options.ids and not options.by_uuid:
            remark = "this machine has no NVIDIA GPU, so nothing is known about the ones that were named"
            return [Gpu(int(index)) for index in options.ids], gpu_plan.Machine(), [remark]
        machine = replace(
            _described(found.answer), cores=resources["cpus"] or None, memory=resources["memory"] or None
        )
        if gpus and found.answer.state != gpu_smi.ANSWERED:
            remark = (
                f"the driver does not answer ({found.answer.detail}), so memory, virtualization and licence "
                "are unknown: plan again once it does"
            )
            return gpus, machine, [remark]
        return gpus, machine, []

    def _preset(self, name: str) -> tuple[list[Gpu], gpu_plan.Machine, list[str]]:
        presets = {row["name"]: row for row in self.knowledge["presets"]["presets"]}
        row = presets.get(name)
        if row is None:
            nearest = difflib.get_close_matches(name.lower(), presets, n=1, cutoff=0.0)[0]
            raise InputError(
                f"there is no preset {name[:80]!r}",
                code="preset-unknown",
                hint=f"did you mean {nearest!r}?",
                details={"nearest": nearest},
            )
        memory = row.get("memory_gb")
        gpu = {
            "name": row["model"],
            "architecture": row["architecture"],
            "virtualization": row.get("virtualization", ""),
            "licence": "licensed" if "virtualization" in row else "",
            "memory_mib": memory * GB // _MIB if memory else None,
        }
        machine = gpu_plan.Machine(arm=name if row.get("cpu") == "arm64" else "")
        return [Gpu.from_dict({"index": i, **gpu}) for i in range(row["gpus"])], machine, []


def _capture(path: Path) -> gpu_smi.Answer:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the capture {path} cannot be read: {error.strerror or error}",
            code="capture-unreadable",
            hint="name a file that holds the output of `nvidia-smi -q -x`",
        ) from None
    answer = gpu_smi.parse(data)
    if answer.state != gpu_smi.ANSWERED:
        no_driver = answer.state == gpu_smi.NO_DRIVER
        raise InputError(
            f"the capture {path} is no answer of nvidia-smi: {answer.detail}",
            code="capture-without-driver" if no_driver else "capture-unreadable",
            hint="on the machine with the GPU, once its driver works: nvidia-smi -q -x > FILE",
        )
    return answer


def _described(answer: gpu_smi.Answer) -> gpu_plan.Machine:
    return gpu_plan.Machine(
        driver=answer.driver,
        cuda=answer.cuda,
        attached=answer.attached,
        answered=answer.state == gpu_smi.ANSWERED,
    )


def _for_this(request: GpuRequest, note: dict[str, Any]) -> dict[str, Any]:
    """A plan that is to be made again is made from the same source."""
    command, again = note["command"] or "", "graphistry-airgap gpu plan"
    source = f" --capture {shlex.quote(str(request.capture))}" if request.capture else ""
    source = f" --preset {shlex.quote(request.preset)}" if request.preset else source
    if not command.startswith(again):
        return note
    return {**note, "command": command.replace(again, again + source, 1)}


def _refusal(note: dict[str, str]) -> HostError:
    details = {"found": note["found"], "needed": note["needed"]}
    return HostError(note["message"], code=note["code"], hint=note["hint"], details=details)


def _env_lines(data: dict[str, Any]) -> list[str]:
    # each line of a text that has several must be a comment
    told = [f"# {line}" for text in _warnings(data) for line in text.splitlines()]
    return [*told, *(f"{name}={value}" for name, value in data["env"].items())]


def _report(data: dict[str, Any]) -> list[str]:
    many = "1 GPU" if len(data["gpus"]) == 1 else f"{len(data['gpus'])} GPUs"
    lines = [f"{many}, judged for Graphistry {data['release']} with CUDA {data['cuda']}"]
    lines += [f"  {_gpu_line(gpu)}" for gpu in data["gpus"][:_SHOWN_GPUS]]
    if len(data["gpus"]) > _SHOWN_GPUS:
        lines.append(f"  … and {len(data['gpus']) - _SHOWN_GPUS} more")
    for name, value in data["env"].items():
        lines += [f"{name}={value}", f"    {data['reasons'][name]}"]
    if len(data["gpus"]) <= _SHOWN_GPUS:
        for service, rows in data["assignment"].items():
            spread = "; ".join(f"GPU {row['gpu']}: {_numbers(row['workers'])}" for row in rows)
            lines.append(f"workers of {service}: {spread}")
    return lines + _warnings(data)


def _warnings(data: dict[str, Any]) -> list[str]:
    """A remark on where the GPUs come from has no needs; each other warning has."""
    advice = {note["message"]: {**note, "hint": note["text"]} for note in data["advice"]}
    return remarks.lines([{"message": text, **advice.get(text, {})} for text in data["warnings"]])


def _gpu_line(gpu: dict[str, Any]) -> str:
    memory = f"{gpu['memory_mib']} MiB" if "memory_mib" in gpu else ""
    said = [gpu.get(key, "") for key in ("name", "architecture", "virtualization", "licence", "uuid")]
    known = list(filter(None, [said[0], memory, *said[1:]]))
    return " ".join([f"{gpu['index']}:", *(known or ["nothing more is known"])])


def _numbers(workers: list[int]) -> str:
    return ",".join(map(str, workers)) or "idle"
