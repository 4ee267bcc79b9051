"""A machine's own GPUs: found on the PCI bus and through the driver, then planned as the site wants.

The preflight module, the module that plans on the target and the command line all
come through here, so that they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..host import resources as probe_host
from . import (
    knowledge as gpu_knowledge,
    options as gpu_options,
    pci as gpu_pci,
    plan as gpu_plan,
    smi as gpu_smi,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.machine import Host
    from .knowledge import Knowledge
    from .model import Gpu


@dataclass(frozen=True)
class Found:
    """`pci` is there without a driver; `answer` is what nvidia-smi said."""

    pci: tuple[dict[str, str], ...]
    answer: gpu_smi.Answer

    def gpus(self, knowledge: Knowledge) -> list[Gpu]:
        if self.answer.state == gpu_smi.ANSWERED:
            return list(self.answer.gpus)
        return gpu_pci.as_gpus(
            self.pci, lambda device: gpu_knowledge.architecture_of_device(knowledge, device)
        )

    def as_dict(self) -> dict[str, Any]:
        return {"pci": list(self.pci), "answer": self.answer.as_dict()}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Found:
        return cls(tuple(given["pci"]), gpu_smi.Answer.from_dict(given["answer"]))


def discover(host: Host, *, limit: float = gpu_smi.TIME_LIMIT) -> Found:
    return Found(tuple(gpu_pci.devices(host)), gpu_smi.ask(host.run, limit=limit))


def plan(found: Found, resources: Mapping[str, int], desired: Mapping[str, Any]) -> gpu_plan.Plan:
    """`desired`: indices, workers, allow_mig, release, cuda and knowledge, as the tool hands them over."""
    knowledge = desired["knowledge"]
    machine = gpu_plan.Machine(
        cores=resources["cpus"] or None,
        memory=resources["memory"] or None,
        driver=found.answer.driver,
        cuda=found.answer.cuda,
        attached=found.answer.attached,
        answered=found.answer.state == gpu_smi.ANSWERED,
    )
    return gpu_plan.make(
        found.gpus(knowledge),
        machine=machine,
        options=gpu_options.read(
            indices=desired["indices"], workers=desired["workers"], allow_mig=desired["allow_mig"]
        ),
        knowledge=knowledge,
        target=gpu_knowledge.judged(knowledge, desired["release"], desired["cuda"]),
    )


def plan_host(host: Host, desired: Mapping[str, Any]) -> tuple[Found, gpu_plan.Plan]:
    found = discover(host)
    return found, plan(found, probe_host.resources(host), desired)
