"""Whether the kernel refuses modules that nobody it trusts has signed, and who could be trusted here.

DKMS signs what it builds with a key of its own. The kernel trusts that key once
a person at the console has enrolled it with shim's MokManager, at a reboot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..host.machine import Host

_EFI = "/sys/firmware/efi"
_VARIABLES = f"{_EFI}/efivars"
_SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
# the newest kernels also give the list here, whole however long it is
_WHOLE_LIST = f"{_EFI}/mok-variables/MokListRT"
_ATTRIBUTES = 4
_LOCKDOWN = "/sys/kernel/security/lockdown"
_ENFORCE = "/sys/module/module/parameters/sig_enforce"

# what the kernel says of a module whose signature it does not trust; no reboot changes that
_REJECTED = ("Key was rejected", "Required key not available")
# DKMS's certificate and its private half: on Debian and EL, and on Ubuntu, where they are shim-signed's
KEYS = {
    "/var/lib/dkms/mok.pub": "/var/lib/dkms/mok.key",
    "/var/lib/shim-signed/mok/MOK.der": "/var/lib/shim-signed/mok/MOK.priv",
}


def enrol(host: Host) -> str:
    """The way out where the kernel does not know the key, with the certificate that lies there."""
    first, *_ = [name for name in KEYS if host.path(name).exists()] or KEYS
    return f"enrol DKMS's key (mokutil --import {first}) or switch Secure Boot off"


def has_private_key(host: Host) -> bool:
    return any(host.path(name).exists() for name in KEYS.values())


def is_rejected(said: str) -> bool:
    """Whether these words of modprobe are the kernel's refusal of a signature."""
    return any(words in said for words in _REJECTED)


def signing(host: Host, key: str) -> dict[str, Any]:
    """`required` says by what, empty where any module may be loaded; `key` is DKMS's certificate."""
    certificate = _bytes(host, key) if key else b""
    trusted = _trusted(host)
    return {
        "required": _required(host),
        "shim": bool(_names(host)),
        "key": key,
        "has_key": bool(certificate),
        "enrolled": bool(certificate) and certificate in trusted,
    }


def _required(host: Host) -> str:
    # shim's own switch: Secure Boot stays on, and nothing is judged by it any more
    ignored = _variable(host, f"MokSBStateRT-{_SHIM}")[:1] == b"\x01"
    if _variable(host, _SECURE_BOOT)[:1] == b"\x01" and not ignored:
        return "Secure Boot"
    if "[integrity]" in host.word(_LOCKDOWN) or "[confidentiality]" in host.word(_LOCKDOWN):
        return "kernel lockdown"
    return "module.sig_enforce" if host.word(_ENFORCE) == "Y" else ""


def _trusted(host: Host) -> bytes:
    """Certificates that were enrolled through shim, as they lie in its list."""
    listed = [_variable(host, name) for name in _names(host)]
    return b"\n".join([_bytes(host, _WHOLE_LIST), *listed])


def _names(host: Host) -> list[str]:
    return [name for name in host.names(_VARIABLES) if name.startswith("MokListRT") and name.endswith(_SHIM)]


def _variable(host: Host, name: str) -> bytes:
    return _bytes(host, f"{_VARIABLES}/{name}")[_ATTRIBUTES:]


def _bytes(host: Host, name: str) -> bytes:
    try:
        return host.path(name).read_bytes()
    except OSError:
        return b""
