"""What a judgement about GPUs needs: the GPUs themselves, and what the operator set by hand."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...envfile import context as env_context, disk as env_disk, text as env_text
from ...gpu import discovery as gpu_host, order as gpu_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...host.machine import Host

ALLOCATOR = "RMM_ALLOCATOR"
# needs unified memory, which no vGPU has
UNFIT = "managed"


def gpu(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    """Empty when the site wants no GPU: nvidia-smi can take long, and nobody would use the answer."""
    if not requirements["gpu"]:
        return {}
    path = _custom_env(host, requirements["root"], requirements["release_version"])
    own, last = _by_hand(host, path)
    mine = {**own, **last}
    devices = {name: value for name, value in mine.items() if value and _is_about_devices(name)}
    setter = path.replace(env_context.CUSTOM, env_context.LAST) if ALLOCATOR in last else path
    return {
        **gpu_host.discover(host).as_dict(),
        "custom_env": path,
        "by_hand": devices,
        "allocator": mine.get(ALLOCATOR) or "",
        "allocator_env": setter,
    }


def _custom_env(host: Host, root: str, version: str) -> str:
    """The file of this release; before its first installation, that of the current one."""
    paths = [f"{root}/{place}/data/config/custom.env" for place in (f"releases/{version}", "current")]
    return next((path for path in paths if host.path(path).is_file()), "")


def _by_hand(host: Host, path: str) -> tuple[Mapping[str, str | None], Mapping[str, str]]:
    """The operator's own lines, and those of cluster.env, which win over them.

    A file that cannot be read is the configuration's to report. One that Compose reads before custom.env has
    no say here: the installer's block sets the value there.
    """
    if not path:
        return {}, {}
    own = host.path(path)
    try:
        texts = {**env_context.beside(own), env_context.CUSTOM: own.read_bytes()}
        files = env_context.read_context(texts).files
    except (OSError, env_disk.EnvDiskError):
        return {}, {}
    mine: dict[str, str | None] = {}
    with suppress(KeyError, ValueError):
        mine = env_text.sides_of(files[env_context.CUSTOM]).operators
    last = files.get(env_context.LAST)
    return mine, last.values if last else {}


def _is_about_devices(name: str) -> bool:
    return name == gpu_order.NAME or name.endswith(gpu_order.DEVICES)
