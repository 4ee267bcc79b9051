"""What nvidia-smi says about a GPU that does not work any more, and what brings it back.

Sources: NVIDIA, GPU recovery action flag (NVML `nvmlDeviceGetFieldValues`, GPU_RECOVERY_ACTION: none, reset,
reboot, drain P2P, drain and reset) and GPU memory error management (row remapping, page retirement).  A GPU
that fell off the bus answers single fields with "GPU is lost", "Unknown Error" or "ERR!".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Gpu, Note

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

LOST = ("unknown error", "gpu is lost", "err!", "gpu requires reset")
_FINE = ("", "none", "n/a", "not supported", "unknown", "requested functionality has been deprecated")
_REMAPPING_FAILED = "row remapping failed"
_SIGNS = {
    "reset_required": "reset required",
    "drain_and_reset_recommended": "drain and reset recommended",
    "remapped_row_failure": _REMAPPING_FAILED,
    "remapped_row_pending": "row remapping pending",
    "pending_retirement": "page retirement pending",
    "pending_blacklist": "page retirement pending",
}
_NEEDED = "a GPU that nvidia-smi reports as healthy"


def recovery_action(element: ET.Element) -> str:
    """`Reset`, `Reboot`, `Drain P2P`, `Drain and Reset` as printed; empty when none is asked for."""
    said = " ".join((element.findtext("gpu_recovery_action") or "").split())
    return "" if _bare(said) in (*_FINE, *LOST) else said


def faults(element: ET.Element) -> tuple[str, ...]:
    """Each sign that this GPU does not work, in nvidia-smi's words; empty when there is none."""
    action = recovery_action(element)
    found = [f"recovery action {action}"] if action else []
    for node in element.iter():
        said = _bare(node.text or "")
        if node.tag in _SIGNS and said.startswith("yes"):
            found.append(_SIGNS[node.tag])
        if said in LOST:
            found.append(f"{node.tag} says {(node.text or '').strip()}")
    return tuple(dict.fromkeys(found))


def refusal(gpu: Gpu) -> Note:
    hint, command = _remedy(gpu)
    return Note(
        "gpu-broken", f"{gpu.label} does not work: {_shown(gpu)}", _shown(gpu), _NEEDED, hint, command
    )


def left_out(gpu: Gpu) -> Note:
    """The same where others remain, and nobody asked for this one."""
    hint, command = _remedy(gpu)
    return Note(
        "gpu-left-out",
        f"{gpu.label} is left out of the plan, because it does not work: {_shown(gpu)}",
        _shown(gpu),
        _NEEDED,
        f"{hint}; plan again when it works",
        command,
    )


def _remedy(gpu: Gpu) -> tuple[str, str]:
    reset = f"nvidia-smi --gpu-reset -i {gpu.index}"
    action = gpu.recovery.lower()
    if "drain" in action and "reset" in action:
        return f"start nothing new on it, wait until what runs there has ended, then `{reset}`", reset
    if "drain" in action:
        look = f"nvidia-smi -q -i {gpu.index}"
        return f"end the programs that use it together with other GPUs, then look again: `{look}`", look
    if "reboot" in action:
        return "reboot the machine: `reboot`", "reboot"
    if _REMAPPING_FAILED in gpu.faults:
        look = f"nvidia-smi -q -d ROW_REMAPPER -i {gpu.index}"
        return f"have the GPU replaced: its memory cannot be repaired (`{look}`)", look
    if any(" says " in fault for fault in gpu.faults):
        return "see `dmesg` for NVRM and Xid, then reboot the machine: `reboot`", "reboot"
    return f"end what uses it, then `{reset}`; reboot if that is refused", reset


def _shown(gpu: Gpu) -> str:
    more = len(gpu.faults) - 4
    return ", ".join(gpu.faults[:4]) + (f" and {more} more" if more > 0 else "")


def _bare(text: str) -> str:
    return " ".join(text.split()).strip("[]").lower()
