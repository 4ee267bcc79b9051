"""A vGPU guest for tests: its PCI device, and client configuration tokens in the shape of a DLS's."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DRIVER = "580.126.20"
DEVICES = "/sys/bus/pci/devices"
ADDRESS = "0000:02:00.0"
_T4 = 0x1EB8
_CAPABILITY = 0xD0


def config_space(*, vgpu: bool, version: str = DRIVER, branch: str = "r580_00") -> bytes:
    """256 bytes of a device that is a vGPU below a hypervisor with this driver, or a physical GPU."""
    space = bytearray(256)
    space[0:4] = (0x10DE).to_bytes(2, "little") + _T4.to_bytes(2, "little")
    space[0x06] = 0x10
    space[0x34] = _CAPABILITY
    record = bytes([0, 22]) + version.encode().ljust(10, b"\0") + branch.encode().ljust(10, b"\0")
    body = b"VF" + record if vgpu else bytes(17)
    space[_CAPABILITY : _CAPABILITY + 3] = bytes([0x09, 0, 3 + len(body)])
    space[_CAPABILITY + 3 : _CAPABILITY + 3 + len(body)] = body
    return bytes(space)


def make_device(folder: Path, *, vgpu: bool = True, version: str = DRIVER) -> str:
    """A PCI bus with one device, made in `folder`; returns the mount for a host."""
    device = folder / ADDRESS
    device.mkdir(parents=True, exist_ok=True)
    words = {"vendor": "0x10de", "device": f"{_T4:#06x}", "class": "0x030200"}
    for name, word in words.items():
        (device / name).write_text(f"{word}\n", encoding="ascii")
    (device / "config").write_bytes(config_space(vgpu=vgpu, version=version))
    return f"{folder}:{DEVICES}:ro"


def token(*servers: str, days: float = 3650, since: float = -1, **claims: Any) -> bytes:
    """A client configuration token in the shape of a DLS's, valid from `since` to `days` days from now."""
    now = int(time.time())
    nodes = [
        {"idx": place, "url": name, "url_qr": name, "svc_port_set_idx": 0}
        for place, name in enumerate(servers)
    ]
    payload = {
        "jti": "00000000-0000-4000-8000-000000000000",
        "iss": "NLS Service Instance",
        "aud": "NLS Licensed Client",
        "iat": now,
        "nbf": now + int(since * 86400),
        "exp": now + int(days * 86400),
        "update_mode": "ABSOLUTE",
        "scope_ref_list": [],
        "service_instance_configuration": {"node_url_list": nodes},
        **claims,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, payload]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, base64.urlsafe_b64encode(b"no signature of anybody").rstrip(b"=")])
