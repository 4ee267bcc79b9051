"""Open or proprietary modules, by what the GPUs need, and GPUs that a branch cannot drive.

A GPU that the product cannot use decides nothing: the driver is for the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..gpu import knowledge as gpu_knowledge, pci as gpu_pci
from ..gpu.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..gpu.knowledge import Judged, Knowledge
    from ..gpu.model import Gpu

OPEN, PROPRIETARY, EITHER = "open", "proprietary", "both"
AUTO = "auto"


@dataclass(frozen=True)
class Choice:
    """`variant` is empty when something stands against every one."""

    variant: str
    reason: str = ""
    refusal: Note | None = None


def sorted_out(
    facts: Mapping[str, Any], knowledge: Knowledge, target: Judged
) -> tuple[list[Gpu], list[tuple[Gpu, Note]]]:
    """The GPUs that the product can use, and the others with the reason."""
    gpus = gpu_pci.as_gpus(
        facts["gpus"], lambda device: gpu_knowledge.architecture_of_device(knowledge, device)
    )
    judged = [(gpu, gpu_knowledge.too_old(knowledge, target, gpu)) for gpu in gpus]
    return [gpu for gpu, note in judged if not note], [(gpu, note) for gpu, note in judged if note]


def beyond(gpus: Sequence[Gpu], branch: str, knowledge: Knowledge) -> Iterator[Note]:
    """GPUs that this branch does not drive any more, or not yet."""
    for gpu in gpus:
        row = gpu_knowledge.architecture(knowledge, gpu) or {}
        last, first = row.get("last_driver_branch"), row.get("first_driver_branch")
        if last and int(branch) > int(last):
            yield Note(
                "driver-gpu-left-behind",
                f"{gpu.label} is of the generation {row['name']}, which driver branches after {last} do not "
                f"drive, and the bundle brings {branch}",
                f"branch {branch}",
                f"branch {last} or older",
                f"build the bundle with a driver branch up to {last}, or take the GPU out",
            )
        if first and int(branch) < int(first):
            yield Note(
                "driver-gpu-too-new",
                f"{gpu.label} is of the generation {row['name']}, which no driver branch before {first} "
                f"knows, and the bundle brings {branch}",
                f"branch {branch}",
                f"branch {first} or newer",
                f"build the bundle with driver branch {first} or newer",
            )


def choose(
    gpus: Sequence[Gpu],
    *,
    wanted: str,
    offered: Sequence[str],
    branch: str,
    installed: str,
    knowledge: Knowledge,
) -> Choice:
    """`wanted` is the site's word, `offered` the bundle's, `installed` what the host has of this driver."""
    needs = {gpu: _needs(gpu, knowledge) for gpu in gpus}
    only = {need for need in needs.values() if need != EITHER}
    if len(only) > 1:
        return _mixed(needs)
    needed = next(iter(only), "")
    who = ", ".join(sorted({_generation(gpu, knowledge) for gpu in gpus if needs[gpu] == needed}))
    if wanted != AUTO:
        if needed and wanted != needed:
            return _unfit(wanted, needed, who)
        return _from(offered, wanted, f"the site file wants {wanted} modules")
    if needed:
        return _from(offered, needed, f"{who} works with {needed} modules only")
    return _preferred(gpus, offered, branch, installed, knowledge)


def _preferred(
    gpus: Sequence[Gpu], offered: Sequence[str], branch: str, installed: str, knowledge: Knowledge
) -> Choice:
    """Where both work: what is there, else the open ones, if the branch's are made for every GPU."""
    if installed in offered:
        return Choice(installed, f"the host has the {installed} modules already, and they fit")
    if OPEN in offered and int(branch) >= int(knowledge["drivers"]["open_from"]):
        return Choice(OPEN, _why_open(gpus, knowledge))
    if PROPRIETARY in offered:
        return Choice(PROPRIETARY, _why_proprietary(offered, branch, knowledge))
    return _from(offered, OPEN, "the bundle has no others")


def _needs(gpu: Gpu, knowledge: Knowledge) -> str:
    """Generations that nobody here knows are newer than the list, and NVIDIA makes open modules for those."""
    row = gpu_knowledge.architecture(knowledge, gpu)
    return str(row["kernel_modules"]) if row else OPEN


def _generation(gpu: Gpu, knowledge: Knowledge) -> str:
    row = gpu_knowledge.architecture(knowledge, gpu)
    return str(row["name"]) if row else f"the unknown GPU {gpu.pci_device or gpu.pci_address}"


def _why_open(gpus: Sequence[Gpu], knowledge: Knowledge) -> str:
    if not gpus:
        return "there is no GPU to ask; open modules drive every generation from Turing on"
    names = ", ".join(sorted({_generation(gpu, knowledge) for gpu in gpus}))
    return f"{names} works with both, and NVIDIA develops the open ones"


def _why_proprietary(offered: Sequence[str], branch: str, knowledge: Knowledge) -> str:
    if OPEN not in offered:
        return "the bundle has no open modules"
    since = knowledge["drivers"]["open_from"]
    return f"the open modules are made for every GPU from branch {since} on, and this is {branch}"


def _from(offered: Sequence[str], variant: str, reason: str) -> Choice:
    if variant in offered:
        return Choice(variant, reason)
    return Choice(
        "",
        refusal=Note(
            "driver-modules-missing",
            f"{reason}, and the bundle has {', '.join(offered) or 'no'} modules",
            ", ".join(offered) or "none",
            variant,
            f"build the bundle with `modules: [{variant}]` in its spec",
        ),
    )


def _unfit(wanted: str, needed: str, who: str) -> Choice:
    return Choice(
        "",
        refusal=Note(
            "driver-modules-unfit",
            f"the site file wants {wanted} modules, and {who} works with {needed} ones only",
            wanted,
            needed,
            "write `modules: auto` under driver in the site file",
        ),
    )


def _mixed(needs: Mapping[Gpu, str]) -> Choice:
    by_need = {
        need: ", ".join(gpu.label for gpu, one in needs.items() if one == need)
        for need in (OPEN, PROPRIETARY)
    }
    return Choice(
        "",
        refusal=Note(
            "driver-gpus-mixed",
            f"no driver drives all GPUs of this host: {by_need[OPEN]} needs open modules, "
            f"{by_need[PROPRIETARY]} proprietary ones",
            "GPUs of generations that exclude each other",
            "GPUs that one driver drives",
            "take the GPUs of one kind out of the machine",
        ),
    )
