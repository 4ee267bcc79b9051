"""`nvidia-smi -q -x`: ask it with a time limit, and read what it says.

Drivers differ in their DTD (v10 to v13 so far) and leave fields out, so every
field is looked up by name and may be missing.  Whatever goes wrong is a state,
never an exception: the caller decides whether it is a finding or an input error.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..host import refusal
from . import health as gpu_health, model as gpu_model
from .model import Gpu, profile_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.machine import Run

ANSWERED = "answered"
ABSENT = "absent"
NO_DRIVER = "no-driver"
HANGS = "hangs"
UNREADABLE = "unreadable"

TIME_LIMIT = 20
_PATIENCE_AFTER_TERM = 3
_KILLED = (124, 137)
_NOT_FOUND = (126, 127)
# real answers have some 10 KB for each GPU
_LARGEST = 64 << 20
_NO_DRIVER = re.compile(
    r"couldn.t communicate|failed to initialize nvml|driver/library version mismatch|no devices were found"
    r"|unable to determine the device handle|driver not loaded",
    re.IGNORECASE,
)
_TEXT_ANSWER = re.compile(rb"NVSMI LOG|^Attached GPUs\s*:", re.MULTILINE)
_TABLE = re.compile(rb"^\| NVIDIA-SMI ", re.MULTILINE)
_BEGIN, _END = b"<nvidia_smi_log", b"</nvidia_smi_log>"
# other people's words, not always XML, and of no use here
_PROCESSES = re.compile(rb"<(processes|accounted_processes)>.*?</\1>", re.DOTALL)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_VERSION = re.compile(r"[0-9][0-9.]*")
_MEMORY = re.compile(r"(\d+)\s*(MiB|MB|GiB|GB)", re.IGNORECASE)
_VIRTUALIZATION = {
    "none": gpu_model.BARE_METAL,
    "pass-through": gpu_model.PASS_THROUGH,
    "vgpu": gpu_model.VGPU,
    "host vgpu": gpu_model.VGPU_HOST,
    "host vsga": gpu_model.VGPU_HOST,
}


@dataclass(frozen=True)
class Answer:
    """`state` says whether the rest means anything; `detail` is for people."""

    state: str
    detail: str = ""
    driver: str = ""
    cuda: str = ""
    attached: int | None = None
    gpus: tuple[Gpu, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        given = {"state": self.state, "detail": self.detail, "driver": self.driver, "cuda": self.cuda}
        return {**given, "attached": self.attached, "gpus": [gpu.as_dict() for gpu in self.gpus]}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Answer:
        gpus = tuple(Gpu.from_dict(one) for one in given.get("gpus", []))
        return cls(**{**given, "gpus": gpus})


def ask(run: Run, *, limit: float = TIME_LIMIT) -> Answer:
    """What the host's own nvidia-smi says; one that hangs is ended after `limit` seconds."""
    guard = ["timeout", "-k", str(_PATIENCE_AFTER_TERM), str(limit)]
    status, out, err = run([*guard, "nvidia-smi", "-q", "-x"], {"LC_ALL": "C"})
    if status in _KILLED:
        return Answer(HANGS, f"nvidia-smi gave no answer within {limit:g} seconds")
    if status in _NOT_FOUND:
        return Answer(ABSENT, "nvidia-smi is not installed")
    answer = parse(out)
    if answer.state == ANSWERED:
        return answer
    said = refusal.words(out, err)
    if status != 0 or _NO_DRIVER.search(out + err):
        return Answer(NO_DRIVER, said or f"nvidia-smi ended with {status}")
    return answer


def parse(text: str | bytes) -> Answer:
    """Read a saved or a fresh answer; what stands around it, and the names of processes, do not matter."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if _BEGIN.decode().encode("utf-16-le") in data:  # as PowerShell writes it
        data = data.decode("utf-16", "replace").encode()
    said = data[:2000].decode("utf-8", "replace").strip()
    if _NO_DRIVER.search(said) and "<nvidia_smi_log" not in said:
        return Answer(NO_DRIVER, said)
    try:
        root = _document(data)
    except (ValueError, LookupError) as error:
        return Answer(UNREADABLE, str(error))
    attached = _text(root, "attached_gpus")
    return Answer(
        ANSWERED,
        driver=_version(root, "driver_version", "kmd_version"),
        cuda=_version(root, "cuda_version", "cuda_umd_version"),
        attached=int(attached) if attached.isascii() and attached.isdigit() else None,
        gpus=tuple(_gpu(index, element) for index, element in enumerate(root.findall("gpu"))),
    )


def _document(data: bytes) -> ET.Element:
    if not data.strip():
        raise ValueError("it is empty")
    if len(data) > _LARGEST:
        raise ValueError("it is too large to be an answer of nvidia-smi")
    # nvidia-smi declares none, and Python would expand them without end
    if b"<!ENTITY" in data:
        raise ValueError("it declares XML entities, which nvidia-smi never does")
    begin, end = data.find(_BEGIN), data.rfind(_END)
    if begin < 0 and _TEXT_ANSWER.search(data):
        raise ValueError("it is the text of `nvidia-smi -q`; add -x, which makes it XML")
    if begin < 0 and _TABLE.search(data):
        raise ValueError("it is the table of `nvidia-smi`; add -q -x, which makes it XML")
    document: bytes | str = data
    if begin >= 0:
        kept = _PROCESSES.sub(b"", data[begin : end + len(_END) if end > begin else None])
        document = _NO_XML.sub("", kept.decode("utf-8", "replace"))
    try:
        root = ET.fromstring(document)  # noqa: S314 -- see above; external ones are never read
    except ET.ParseError as error:
        raise ValueError(f"it is not complete XML ({error})") from None
    if root.tag != "nvidia_smi_log":
        raise ValueError(f"its outermost element is {root.tag[:60]}, not nvidia_smi_log")
    return root


def _gpu(index: int, element: ET.Element) -> Gpu:
    name = _text(element, "product_name")
    mode = _text(element, "gpu_virtualization_mode/virtualization_mode").lower()
    virtualization = _VIRTUALIZATION.get(mode, mode)
    if not virtualization and profile_of(name):
        virtualization = gpu_model.VGPU
    return Gpu(
        index=index,
        name=name,
        uuid=_text(element, "uuid"),
        architecture=_text(element, "product_architecture"),
        memory_mib=_memory(element),
        pci_address=element.get("id", "").lower() or _text(element, "pci/pci_bus_id").lower(),
        # written device first, then vendor: 1EB810DE
        pci_device=_text(element, "pci/pci_device_id").lower().removeprefix("0x")[:4],
        virtualization=virtualization,
        licence=_licence(element),
        mig=_text(element, "mig_mode/current_mig") == "Enabled",
        mig_memory_mib=tuple(filter(None, map(_memory, element.findall("mig_devices/mig_device")))),
        compute_mode=_text(element, "compute_mode"),
        driver_model=_text(element, "driver_model/current_dm"),
        recovery=gpu_health.recovery_action(element),
        faults=gpu_health.faults(element),
    )


def _licence(element: ET.Element) -> str:
    """The element around it was renamed with the product (GRID, vGPU software); its own name stayed."""
    status = next((node.text or "" for node in element.iter("license_status")), "").strip().lower()
    if status.startswith("licensed") and "expired" not in status:
        return gpu_model.LICENSED
    return gpu_model.UNLICENSED if status.startswith(("unlicensed", "licensed")) else ""


def _memory(element: ET.Element) -> int | None:
    found = _MEMORY.match(_text(element, "fb_memory_usage/total"))
    if found is None:
        return None
    return int(found[1]) * (1024 if found[2].lower().startswith("g") else 1)


def _text(element: ET.Element, path: str) -> str:
    text = (element.findtext(path) or "").strip()
    return "" if text.strip("[]").lower() in ("n/a", "unknown", "not supported", *gpu_health.LOST) else text


def _version(root: ET.Element, *paths: str) -> str:
    """The number alone: newer drivers put a remark behind it, and give it under a second name."""
    found = [match[0] for path in paths if (match := _VERSION.match(_text(root, path)))]
    return next(iter(found), "")
