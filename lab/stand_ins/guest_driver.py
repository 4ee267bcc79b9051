"""A stand-in for NVIDIA's guest driver (`vgpu/`) and for licence servers, which answer or do not.

Nothing of it drives or licenses anything, and nothing is sent.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.hosts.sealed_host import SealedHost

HERE = Path(__file__).resolve().parent / "vgpu"
VERSION = "580.126.20"
DEB = f"nvidia-linux-grid-580_{VERSION}_amd64.deb"
RUN = f"NVIDIA-Linux-x86_64-{VERSION}-grid.run"
SERVERS = "/etc/airgap-lab/vgpu/servers"


def make_drivers(out: Path) -> None:
    subprocess.run([HERE / "build", out], check=True)


def put_headers(host: SealedHost) -> None:
    """What the stand-in's module is "built" with."""
    host.require(
        [
            "sh",
            "-c",
            "d=/lib/modules/$(cat /proc/sys/kernel/osrelease)/build; mkdir -p $d && echo >$d/Makefile",
        ]
    )


def put_servers(host: SealedHost, names: Sequence[str], *, seconds: float = 0) -> None:
    """The licence servers that answer from now on."""
    host.require(["rm", "-rf", SERVERS])
    for name in names:
        host.put(f"{seconds}\n".encode(), f"{SERVERS}/{name}")
