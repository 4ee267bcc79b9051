"""One GPU as discovery, a capture or a preset describes it, and what its name says about a vGPU.

Every field but the index may be unknown (empty or None): a machine without driver
has only PCI addresses, and old drivers report less than new ones.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BARE_METAL = "none"
PASS_THROUGH = "pass-through"  # noqa: S105 -- no password
VGPU = "vgpu"
VGPU_HOST = "vgpu-host"

LICENSED = "licensed"
UNLICENSED = "unlicensed"

# facts and marketing count in 10^9 bytes, nvidia-smi in MiB: a T4 of "16 GB" has 15360 MiB,
# and drivers before 510 showed 15109 of them
GB = 10**9
_MIB = 1 << 20
_SHOWN_LESS = 0.99

# "GRID T4-8Q", "NVIDIA A100-4C", "NVIDIA A100-1-5CME" (backed by a MIG slice), "GRID M10-2B4"
_PROFILE = re.compile(r"(?P<board>[A-Za-z][\w -]*?)(?P<mig>-\d+)?-(?P<size>\d+)(?P<kind>[ABCQ])(?:ME|4)?$")


@dataclass(frozen=True)
class Gpu:
    index: int
    name: str = ""
    uuid: str = ""
    architecture: str = ""
    memory_mib: int | None = None
    pci_address: str = ""
    pci_device: str = ""
    virtualization: str = ""
    licence: str = ""
    mig: bool = False
    mig_memory_mib: tuple[int, ...] = ()
    compute_mode: str = ""
    driver_model: str = ""
    recovery: str = ""
    faults: tuple[str, ...] = ()

    @property
    def is_vgpu(self) -> bool:
        return self.virtualization == VGPU

    @property
    def profile(self) -> Profile | None:
        return profile_of(self.name) if self.is_vgpu else None

    @property
    def label(self) -> str:
        return f"GPU {self.index} ({self.name or self.pci_address or 'unknown model'})"

    @property
    def usable_mib(self) -> int | None:
        """What one process sees: of a GPU cut by MIG, its first instance."""
        return self.mig_memory_mib[0] if self.mig and self.mig_memory_mib else self.memory_mib

    @property
    def memory_gb(self) -> float | None:
        """In the unit of the product's rules; a vGPU's is the size in its profile's name."""
        if self.profile:
            return float(self.profile.size)
        return None if self.usable_mib is None else self.usable_mib * _MIB / GB

    def slots(self, each_gb: int) -> int | None:
        """How often `each_gb` fits into the memory; None when that is unknown."""
        return None if self.memory_gb is None else int(self.memory_gb / (each_gb * _SHOWN_LESS))

    def as_dict(self) -> dict[str, Any]:
        """What is unknown is left out."""
        profile = self.profile.name if self.profile else ""
        lists = {"mig_memory_mib": list(self.mig_memory_mib), "faults": list(self.faults)}
        given = {**asdict(self), **lists, "profile": profile}
        return {key: value for key, value in given.items() if value not in ("", None, [])}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Gpu:
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in given.items() if key in known}
        tuples = {key: tuple(values.get(key, ())) for key in ("mig_memory_mib", "faults")}
        return cls(**{**values, **tuples})


@dataclass(frozen=True)
class Profile:
    """A vGPU type: `T4-8Q` is 8 GB of class Q."""

    name: str
    size: int
    kind: str
    mig_backed: bool


def profile_of(product_name: str) -> Profile | None:
    found = _PROFILE.search(product_name)
    if found is None:
        return None
    return Profile(
        name=found[0].split(" ")[-1],
        size=int(found["size"]),
        kind=found["kind"],
        mig_backed=found["mig"] is not None,
    )


@dataclass(frozen=True)
class Note:
    """One thing that the plan has to say: why something is refused, or what deserves attention.

    `command` is what to type next, where one line does it; the hint says the same in words.
    """

    code: str
    message: str
    found: str
    needed: str
    hint: str = ""
    command: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    def as_advice(self) -> dict[str, str | None]:
        """The next step as data: `text` for a person, `command` to type, None where no one line does it."""
        said: dict[str, str | None] = dict(self.as_dict())
        return {**said, "text": said.pop("hint"), "command": self.command or None}
