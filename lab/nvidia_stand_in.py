"""Give a sealed host a stand-in for nvidia-smi that replays a capture, or one of its faults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealed_host import SealedHost

PROGRAM = Path(__file__).resolve().parent / "nvidia-smi" / "nvidia-smi"
PLACE = "/usr/bin/nvidia-smi"
FOLDER = "/etc/airgap-lab/nvidia-smi"
FAULTS = ("hang", "empty", "truncated", "no-driver")


def place(host: SealedHost, *, capture: bytes, fault: str = "") -> None:
    """The answers of the host's nvidia-smi from now on."""
    host.put(PROGRAM, PLACE, mode=0o755)
    host.put(capture, f"{FOLDER}/capture.xml")
    host.put(fault.encode(), f"{FOLDER}/fault")
