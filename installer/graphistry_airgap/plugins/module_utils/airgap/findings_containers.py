"""Whether containers that ask for a GPU can start here, and why not; and whether they keep it.

CUDA images ask for one by themselves, so on such a host the services made from
them do not start, whatever the site file says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import findings_driver
from .findings import INFO, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CODE = "gpu-containers-cannot-start"
TOOLKIT = "nvidia-container-toolkit"
# from here on devices stand in the container's own description, where a reload of systemd finds them
KEEPS_DEVICES = (1, 18)
_VERSION = re.compile(r"(\d+)\.(\d+)")


def gpu_containers(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Not where the site wants GPUs used: what is missing then is an error of its own."""
    facts = profile.get("driver") or {}
    if not facts or requirements["gpu"] or facts["loaded"]:
        return
    template = requirements["purpose"] == "template"
    if not profile["gpus"]:
        reason, needed = "there is no NVIDIA GPU on the PCI bus", "an NVIDIA GPU and its driver"
    elif findings_driver.is_coming(profile, requirements):
        return
    else:
        reason, needed = "no NVIDIA driver is loaded", "a loaded driver"
    yield Finding(
        INFO if template else WARNING,
        CODE,
        f"containers that ask for a GPU, as CUDA images do, cannot start on this host: {reason}",
        reason,
        needed,
        "nothing: a template starts none"
        if template
        else "plain containers start; the others need a GPU and its driver (`driver` in the site file)",
    )


def toolkit(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """NVIDIA's issues 48 and 1227: older toolkits hand devices over behind systemd's back."""
    if not profile["gpus"] and not requirements["gpu"]:
        return
    item = next((one for one in profile["packages"]["wanted"] if one["name"] == TOOLKIT), None)
    version = "" if item is None else item["installed"] if item["standing"] == "newer" else item["version"]
    found = _VERSION.match(version)
    if found and (int(found[1]), int(found[2])) < KEEPS_DEVICES:
        yield Finding(
            WARNING,
            "toolkit-loses-gpus",
            f"with {TOOLKIT} {version} running containers can lose their GPUs at `systemctl daemon-reload`",
            version,
            "1.18 or newer",
            "build the bundle with a newer toolkit; until then restart the stack after a daemon-reload",
        )
