"""Stand-ins on a sealed host: nvidia-smi, which replays a capture or one of its faults, and `--gpus`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealed_host import SealedHost

HERE = Path(__file__).resolve().parent / "nvidia-smi"
PROGRAM = HERE / "nvidia-smi"
PLACE = "/usr/bin/nvidia-smi"
HOOK = "nvidia-container-runtime-hook"
FOLDER = "/etc/airgap-lab/nvidia-smi"
FAULTS = ("hang", "empty", "truncated", "no-driver")


def place(host: SealedHost, *, capture: bytes, fault: str = "") -> None:
    """The answers of the host's nvidia-smi from now on."""
    host.put(PROGRAM, PLACE, mode=0o755)
    host.put(capture, f"{FOLDER}/capture.xml")
    host.put(fault.encode(), f"{FOLDER}/fault")


def place_hook(host: SealedHost) -> None:
    """What makes a Docker that is started from now on know `--gpus`."""
    host.put(HERE / HOOK, f"/usr/bin/{HOOK}", mode=0o755)
