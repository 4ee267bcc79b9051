"""What containers find here: a GPU to start with and to keep, and whom Docker asks for names.

CUDA images ask for a GPU by themselves, so on a host without one the services made from
them do not start, whatever the site file says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...finding import ERROR, INFO, WARNING, Finding
from ..probes.toolkit import AUTO, CONFIG, LEGACY
from . import driver as findings_driver
from .network import waivable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CODE = "gpu-containers-cannot-start"
TOOLKIT = "nvidia-container-toolkit"
# from here on devices stand in the container's own description, where a reload of systemd finds them
KEEPS_DEVICES = (1, 18)
RESOLVERS_WAIVER = "public-resolvers"
# whom Docker asks where it knows of nobody (moby, libnetwork's resolvconf)
_PUBLIC = ("8.8.8.8", "8.8.4.4")
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
    """NVIDIA's issues 48 and 1227: devices that are handed over behind systemd's back can be lost.

    Older toolkits do so unless they are told otherwise, newer ones when they are told to.
    """
    if not profile["gpus"] and not requirements["gpu"]:
        return
    item = next((one for one in profile["packages"]["wanted"] if one["name"] == TOOLKIT), None)
    version = "" if item is None else item["installed"] if item["state"] == "newer" else item["version"]
    found = _VERSION.match(version)
    mode = profile["toolkit"]["mode"]
    if mode is None:
        yield Finding(
            WARNING,
            "toolkit-mode-unknown",
            f"{CONFIG} does not say in a known way how GPUs are handed over: whether running containers keep "
            "them is not known",
            f"no readable `mode` in [nvidia-container-runtime] of {CONFIG}",
            '`mode = "auto"` there, or no such line',
            f'see {CONFIG}; with "legacy" restart the stack after each `systemctl daemon-reload`',
            CONFIG,
        )
    elif mode == LEGACY:
        yield _loses_gpus(
            f'with `mode = "{LEGACY}"` in {CONFIG}',
            LEGACY,
            AUTO,
            f'set `mode = "{AUTO}"` in {CONFIG}',
            CONFIG,
        )
    elif mode == AUTO and found and (int(found[1]), int(found[2])) < KEEPS_DEVICES:
        yield _loses_gpus(
            f"with {TOOLKIT} {version}", version, "1.18 or newer", "build the bundle with a newer toolkit"
        )


def _loses_gpus(where: str, found: str, needed: str, way_out: str, path: str = "") -> Finding:
    return Finding(
        WARNING,
        "toolkit-loses-gpus",
        f"{where} running containers can lose their GPUs at `systemctl daemon-reload`",
        found,
        needed,
        f"{way_out}; until then restart the stack after a daemon-reload",
        path,
    )


def resolvers(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether Docker would have the product's services ask public name servers.

    In a network that is not Docker's own bridge it asks whom the host asks, also on the host's loopback
    (seen with 20.10 and 26.1; libnetwork's 1595); where the host names nobody, it takes Google's.
    """
    dns = profile["docker"]["settings"]["network"]["dns"]
    if requirements["purpose"] != "server" or profile["name_servers"] or dns:
        return
    yield waivable(
        Finding(
            ERROR,
            "docker-asks-public-resolvers",
            "/etc/resolv.conf of this host names no name server, and Docker then has containers ask "
            f"{' and '.join(_PUBLIC)}: whatever name a service looks up, packets try to leave the network",
            "no name server",
            "a name server of the site, or `dns` in /etc/docker/daemon.json",
            "name the site's name server in /etc/resolv.conf, by whatever makes that file; where there is "
            'none, put `"dns": ["127.0.0.1"]` into the object in /etc/docker/daemon.json (make the directory '
            "and a file with `{}` where there is none, restart a Docker that runs), so that such questions "
            f"end in the container itself; or accept it with `waive: [{RESOLVERS_WAIVER}]`",
            "/etc/resolv.conf",
        ),
        RESOLVERS_WAIVER,
        requirements,
    )
