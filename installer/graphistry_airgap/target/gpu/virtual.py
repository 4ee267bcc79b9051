"""What a vGPU says about itself in its PCI configuration space, before any driver is there.

NVIDIA's vGPU manager gives each virtual device a vendor-specific capability that
is signed `VF` and holds records; record 0 names the version and the branch of the
hypervisor's driver.  A physical GPU, passed through or not, has no such signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..host.machine import Host

_DEVICES = "/sys/bus/pci/devices"
# without root the kernel gives the first 64 bytes only, which hold no capability
_WHOLE = 256
_STATUS, _HAS_LIST, _FIRST = 0x06, 0x10, 0x34
_VENDOR_SPECIFIC = 0x09
_SIGNATURE = b"VF"
_RECORDS = 5
_HOST_DRIVER = 0
_FIELD = 10


def host_driver(host: Host, address: str) -> dict[str, str] | None:
    """`{version, branch}` of the hypervisor's driver, both maybe empty; None for what is no vGPU."""
    try:
        config = host.path(f"{_DEVICES}/{address}/config").read_bytes()
    except OSError:
        return None
    return read(config)


def read(config: bytes) -> dict[str, str] | None:
    capability = _vendor_specific(config) if len(config) >= _WHOLE else b""
    if capability[3:5] != _SIGNATURE:
        return None
    at = _RECORDS
    while at + 2 <= len(capability) and capability[at] != _HOST_DRIVER:
        length = capability[at + 1]
        if length == 0:
            break
        at += length
    data = capability[at + 2 : at + 2 + 2 * _FIELD]
    if at + 2 > len(capability) or capability[at] != _HOST_DRIVER or len(data) < 2 * _FIELD:
        return {"version": "", "branch": ""}
    return {"version": _text(data[:_FIELD]), "branch": _text(data[_FIELD:])}


def _vendor_specific(config: bytes) -> bytes:
    if not config[_STATUS] & _HAS_LIST:
        return b""
    at, seen = config[_FIRST], set()
    while at and at not in seen and at + 3 <= len(config):
        seen.add(at)
        if config[at] == _VENDOR_SPECIFIC:
            return config[at : at + config[at + 2]]
        at = config[at + 1]
    return b""


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("ascii", "replace")
