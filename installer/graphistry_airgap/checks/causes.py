"""Why a container did not start, out of what Docker and NVIDIA's toolkit say about it.

Docker puts up to six layers of its own before the cause, and the command's advice after it.  Some causes stop
every rung from where they begin; those are told once, with the step that mends them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Docker's, containerd's and runc's layers, outermost first; each may be missing
_LAYERS = re.compile(
    r"^(?:docker: |Error response from daemon: |failed to create task for container: "
    r"|failed to create shim task: |OCI runtime create failed: |runc create failed: "
    r"|could not apply required modification to OCI specification: |error modifying OCI spec: "
    r"|unable to start container process: |error during container init: )+"
)
_TRAILER = re.compile(
    r"(?:: unknown)?\.?(?: See 'docker run --help'\.| Run 'docker run --help' for more information)?$"
)


@dataclass(frozen=True)
class Shared:
    """A cause of many rungs: what it is in one line, and the next step."""

    name: str
    pattern: re.Pattern[str]
    hint: str


SHARED = (
    Shared(
        "the toolkit cannot use NVML: the driver's library libnvidia-ml.so.1 is missing or of another "
        "version than the driver's module",
        re.compile(r"\bNVML\b|\bnvml error\b|libnvidia-ml\b|nvidia-container-cli: initialization error"),
        "compare `cat /proc/driver/nvidia/version` with `ldconfig -p | grep libnvidia-ml`: install the "
        "driver's libraries of the module's version, or restart the host if the driver was updated; then run "
        "`graphistry-airgap verify`",
    ),
    Shared(
        "the program of Docker's runtime nvidia is not there",
        re.compile(r"exec:? \"?[^\" ]*nvidia-container-runtime[^\" ]*\"?: .*(?:no such file|not found)"),
        "run the same install again: it enters the toolkit's own program in daemon.json",
    ),
)


def cause(said: str) -> str:
    """One line without the layers around it, never cut: the cause stands at the end of the longest ones."""
    line = " ".join(said.split())
    return _TRAILER.sub("", _LAYERS.sub("", line))


def shared(said: str) -> Shared | None:
    return next((one for one in SHARED if one.pattern.search(said)), None)
