"""What a judgement about GPUs needs: the GPUs themselves, and what the operator set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import env_text, gpu_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .probe_root import Host

ALLOCATOR = "RMM_ALLOCATOR"
# needs unified memory, which no vGPU has
UNFIT = "managed"


def gpu(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    """Empty when the site wants no GPU: nvidia-smi can take long, and nobody would use the answer."""
    if not requirements["gpu"]:
        return {}
    path = _custom_env(host, requirements["root"], requirements["release_version"])
    return {**gpu_host.discover(host).as_dict(), "custom_env": path, "allocator": _by_hand(host, path)}


def _custom_env(host: Host, root: str, version: str) -> str:
    """The file of this release; before its first installation, that of the current one."""
    paths = [f"{root}/{place}/data/config/custom.env" for place in (f"releases/{version}", "current")]
    return next((path for path in paths if host.path(path).is_file()), "")


def _by_hand(host: Host, path: str) -> str:
    """The operator's own value; a file that cannot be read is the configuration's to report."""
    if not path:
        return ""
    try:
        return env_text.sides(host.path(path).read_bytes()).operators.get(ALLOCATOR) or ""
    except (OSError, ValueError):
        return ""
