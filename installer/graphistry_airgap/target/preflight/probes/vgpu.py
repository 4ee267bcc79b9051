"""What a vGPU guest has: its virtual GPUs, the hypervisor's driver, its own driver, and its token.

The token's bytes are read here and never leave; see `vgpu_token`.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Any

from ...gpu import discovery as gpu_host, model as gpu_model, smi as gpu_smi, virtual as vgpu_pci
from ...vgpu import client_token as vgpu_token, driver as vgpu_driver, gridd_conf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...host.machine import Host

TOKENS = "/etc/nvidia/ClientConfigToken"
TOKEN = f"{TOKENS}/client_configuration_token.tok"
CONF = "/etc/nvidia/gridd.conf"
NO_GPU = "no-gpu"
UNKNOWN = "unknown"

SITE, BUNDLE, HOST = "site", "bundle", "host"


def vgpu(
    host: Host, requirements: Mapping[str, Any], pci: list[dict[str, str]], gpu: Mapping[str, Any]
) -> dict[str, Any]:
    """`pci` and `gpu` were found before; where none is desired, only what the site file may have missed."""
    desired = requirements["vgpu"]
    records = [vgpu_pci.host_driver(host, device["address"]) for device in pci]
    answer = gpu_smi.Answer.from_dict(gpu["answer"]) if gpu else None
    if answer is None and desired and pci:
        answer = gpu_smi.ask(host.run)
    found: dict[str, Any] = {
        "guest": _guest(answer, pci, records),
        "gpus": [one.as_dict() for one in answer.gpus] if answer else [],
        "answered": bool(answer and answer.state == gpu_smi.ANSWERED),
        "host_driver": next((record for record in records if record and record["version"]), {}),
    }
    if not desired:
        return found
    kernel = host.word("/proc/sys/kernel/osrelease")
    return {
        **found,
        "kernel": kernel,
        "driver": vgpu_driver.probe(host, kernel, desired, requirements["bundle"]),
        "token": token(host, desired, requirements["bundle"]),
        "others": [name for name in _tokens(host) if f"{TOKENS}/{name}" != TOKEN],
        "in_place": host.path(TOKEN).exists(),
        "servers": _addresses(host),
        "now": int(time.time()),
    }


def discovered(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    """The same, for who has not looked at the GPUs before."""
    found = gpu_host.discover(host)
    return vgpu(host, requirements, list(found.pci), found.as_dict())


def token_place(host: Host, desired: Mapping[str, Any], bundle: str) -> tuple[str, Path | None]:
    """Whose token is used, and where it lies: the site's, else the bundle's, else one that is in place."""
    if desired["token_file"]:
        return SITE, host.path(desired["token_file"])
    if desired["token"]:
        return BUNDLE, host.path(f"{bundle}/{desired['token']['path']}")
    names = _tokens(host)
    # a legacy server's address and a token that nobody named: the address was meant
    if names and not desired["server"]:
        return HOST, host.path(f"{TOKENS}/{names[-1]}")
    return "", None


def token(host: Host, desired: Mapping[str, Any], bundle: str) -> dict[str, Any]:
    """State of the token that would be used; `origin` is empty where there is none."""
    origin, path = token_place(host, desired, bundle)
    found: dict[str, Any] = {
        "origin": origin,
        "path": "",
        "exists": False,
        "error": "",
        "mode": "",
        "owner": 0,
    }
    found |= vgpu_token.Token().as_dict()
    if path is None:
        return found
    found["path"] = "/" + os.path.relpath(path, host.root)
    try:
        state = path.stat()
        found |= {"exists": True, "mode": f"{stat.S_IMODE(state.st_mode):04o}", "owner": state.st_uid}
        with path.open("rb") as stream:
            return found | vgpu_token.read(stream.read(vgpu_token.LARGEST + 1)).as_dict()
    except FileNotFoundError:
        return found
    except OSError as error:
        return {**found, "exists": True, "error": error.strerror or type(error).__name__}
    except vgpu_token.TokenError as error:
        return {**found, "error": str(error)}


def _guest(
    answer: gpu_smi.Answer | None, pci: list[dict[str, str]], records: list[dict[str, str] | None]
) -> str:
    """What the GPUs are; the driver knows best, and without one the PCI bus tells a vGPU from others."""
    modes = {gpu.virtualization for gpu in answer.gpus} if answer else set()
    for mode in (gpu_model.VGPU, gpu_model.VGPU_HOST, gpu_model.PASS_THROUGH, gpu_model.BARE_METAL):
        if mode in modes:
            return mode
    if any(record is not None for record in records):
        return gpu_model.VGPU
    return UNKNOWN if pci else NO_GPU


def _tokens(host: Host) -> list[str]:
    return [name for name in host.names(TOKENS) if name.endswith(".tok")]


def _addresses(host: Host) -> list[str]:
    """Licence servers that gridd.conf names already."""
    try:
        found = gridd_conf.values(host.path(CONF).read_bytes())
    except OSError:
        return []
    return [found[key] for key in (gridd_conf.ADDRESS, gridd_conf.BACKUP) if key in found]
