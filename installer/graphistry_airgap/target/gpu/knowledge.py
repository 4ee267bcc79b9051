"""Questions to the knowledge files: which driver a release needs, what a GPU's generation means.

The files (`knowledge/*.json`) are handed over as read, because this code also
runs on targets that do not have them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .model import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Gpu

    Knowledge = Mapping[str, Any]

TOO_OLD = "gpu-driver-too-old"
KNOWN_BAD = "gpu-driver-known-bad"
FORWARD_ONLY = "gpu-driver-forward-compatible-only"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Judged:
    """Against what drivers and GPUs are judged; `row` is None for a release that nothing is known about."""

    release: str
    cuda: str
    row: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        return f"Graphistry {self.release} with CUDA {self.cuda}"


def numbers(version: str) -> tuple[int, ...]:
    """`v2.50.1` and `575.51.03` as something that compares."""
    return tuple(int(part) for part in _DIGITS.findall(version))


def life(branch: Mapping[str, Any]) -> str:
    """Of a row of driver branches, for a person: `long-term, until June 2028`."""
    year, month = branch["ends"].split("-")
    return f"{branch['kind']}, until {_MONTHS[int(month) - 1]} {year}"


def verified_branches(target: Judged) -> set[int]:
    """Driver branches of which the vendor has tried one with the release; none where nothing is known."""
    return {numbers(version)[0] for version in target.row["driver"]["verified"]} if target.row else set()


def judged(knowledge: Knowledge, release: str, cuda: str) -> Judged:
    """The row of a release and flavour; without a release the newest one with its first flavour."""
    rows = knowledge["releases"]["releases"]
    if not release:
        return Judged(rows[0]["from"], rows[0]["cuda"], rows[0])
    wanted = numbers(release)
    fitting = [
        row
        for row in rows
        if numbers(row["from"]) <= wanted and (row["below"] is None or wanted < numbers(row["below"]))
    ]
    if not cuda and fitting:
        cuda = fitting[0]["cuda"]
    exact = [row for row in fitting if row["cuda"] == cuda]
    by_major = [row for row in fitting if row["cuda"] == cuda.split(".")[0]]
    return Judged(release, cuda, next(iter([*exact, *by_major]), None))


def driver_notes(target: Judged, driver: str) -> list[Note]:
    """What stands against a host driver; empty when nothing is known or nothing is wrong."""
    if target.row is None or not numbers(driver):
        return []
    wanted = target.row["driver"]
    needed = f"driver {wanted['minimum']} or newer, recommended {wanted['recommended']} or newer"
    branch = numbers(driver)[0]
    if branch in [numbers(bad)[0] for bad in wanted["avoid"]]:
        return [
            Note(
                KNOWN_BAD,
                f"driver {driver} is of the {branch} branch, which is known not to work with RAPIDS "
                f"{target.row['rapids']} of {target.name}",
                driver,
                f"{needed}, but not {branch}",
                "install a driver of another branch",
            )
        ]
    if numbers(driver) >= numbers(wanted["minimum"]):
        return []
    compatible = wanted["forward_compatible"]
    if compatible and branch == numbers(compatible)[0]:
        return [
            Note(
                FORWARD_ONLY,
                f"driver {driver} runs {target.name} through CUDA's forward compatibility only",
                driver,
                needed,
                "use a newer driver branch when the machine can be rebooted",
            )
        ]
    return [
        Note(
            TOO_OLD,
            f"driver {driver} is too old for {target.name}",
            driver,
            needed,
            "install a newer driver, or use the release's other CUDA flavour if the driver fits that",
        )
    ]


def architecture(knowledge: Knowledge, gpu: Gpu) -> Mapping[str, Any] | None:
    """By the name that the driver reports, else by PCI device id, else by the product's name."""
    rows: list[Mapping[str, Any]] = knowledge["architectures"]["architectures"]
    by_name = [row for row in rows if row["name"].lower() == gpu.architecture.lower()]
    if by_name or gpu.architecture:
        return next(iter(by_name), None)
    by_product = [row for row in rows if any(re.search(one, gpu.name) for one in row["names"])]
    return _by_device(knowledge, gpu.pci_device) or next(iter(by_product), None)


def arm_machine(knowledge: Knowledge, gpu: Gpu) -> Mapping[str, Any] | None:
    """What is known of a GPU that is built together with an ARM processor; None for others."""
    rows: list[Mapping[str, Any]] = knowledge["architectures"]["arm_machines"]
    return next((row for row in rows if re.search(row["name"], gpu.name)), None)


def architecture_of_device(knowledge: Knowledge, device: str) -> str:
    found = _by_device(knowledge, device.lower().removeprefix("0x"))
    return found["name"] if found else ""


def _by_device(knowledge: Knowledge, device: str) -> Mapping[str, Any] | None:
    try:
        number = int(device, 16)
    except ValueError:
        return None
    for row in knowledge["architectures"]["architectures"]:
        if any(int(first, 16) <= number <= int(last, 16) for first, last in row["pci_devices"]):
            found: Mapping[str, Any] = row
            return found
    return None


def too_old(knowledge: Knowledge, target: Judged, gpu: Gpu) -> Note | None:
    """A GPU that the release's RAPIDS, or every driver that the release needs, has left behind."""
    row = architecture(knowledge, gpu)
    if row is None or target.row is None:
        return None
    capability = f"{row['name']}, compute capability {'/'.join(row['compute_capability'])}"
    last, rapids = row["last_rapids"], target.row["rapids"]
    hint = "use a newer GPU"
    if last not in (None, "none"):
        hint += ", or a release whose RAPIDS still supports this one"
    if last is not None and (last == "none" or numbers(rapids) > numbers(last)):
        until = "no RAPIDS version of this product" if last == "none" else f"RAPIDS up to {last}"
        return Note(
            "gpu-too-old",
            f"{gpu.label} is too old for {target.name}: {row['name']} works with {until}, "
            f"the release has {rapids}",
            capability,
            f"a GPU that RAPIDS {rapids} supports (compute capability 7.0 or higher)",
            hint,
        )
    branch, minimum = row["last_driver_branch"], target.row["driver"]["minimum"]
    if branch is not None and numbers(minimum)[0] > int(branch):
        return Note(
            "gpu-too-old",
            f"{gpu.label} is too old for {target.name}: it needs driver {minimum} or newer, and {branch} is "
            f"the last branch that supports {row['name']}",
            capability,
            f"a GPU that driver {minimum} supports",
            "use the release's other CUDA flavour, or a newer GPU",
        )
    return None
