"""The stand-in on a sealed host for nvidia-smi, which replays a capture or one of its faults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

HERE = Path(__file__).resolve().parent / "nvidia-smi"
PROGRAM = HERE / "nvidia-smi"
PLACE = "/usr/bin/nvidia-smi"
FOLDER = "/etc/airgap-lab/nvidia-smi"
FAULTS = ("hang", "empty", "truncated", "no-driver", "no-nvml")


def place(host: SealedHost, *, capture: bytes, fault: str = "") -> None:
    """The answers of the host's nvidia-smi from now on."""
    host.put(PROGRAM, PLACE, mode=0o755)
    host.put(capture, f"{FOLDER}/capture.xml")
    host.put(fault.encode(), f"{FOLDER}/fault")
