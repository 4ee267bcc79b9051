"""Exceptions that a hardened host makes for this product: named, allowed by the site file, undone by name.

`ip-forward`: Docker's bridge networks need IPv4 forwarding, also after somebody has loaded the host's sysctl
files anew.  `fapolicyd-trust`: fapolicyd runs no program that it does not know, and the tool's environment
comes from no package; `install.sh` writes those entries, for the tool itself could not start.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from . import sysctl_files
from .placing import write_atomic

if TYPE_CHECKING:
    from collections.abc import Collection

    from .probe_root import Host

IP_FORWARD, FAPOLICYD_TRUST = "ip-forward", "fapolicyd-trust"
STIG = {IP_FORWARD: "RHEL-09-253075", FAPOLICYD_TRUST: "RHEL-09-433016"}

PROGRAM = "/opt/graphistry-airgap"
# sorts after every name that begins with a digit and after those that remediation scripts use
SYSCTL_FILE = "/etc/sysctl.d/zz-graphistry-airgap.conf"
TRUST_FILE = "/etc/fapolicyd/trust.d/graphistry-airgap"
_FORWARDING = "/proc/sys/net/ipv4/ip_forward"
_SYSCTL_TEXT = f"""\
# Kept by graphistry-airgap: Docker's bridge networks forward IPv4.
# The site file allows this exception to {STIG[IP_FORWARD]} by name (hardening.allow: ip-forward).
net.ipv4.ip_forward = 1
"""


def forwarding_file(host: Host, allow: Collection[str]) -> bytes | None:
    """What our sysctl file should hold; None where it is not allowed or the host forwards without it."""
    wanted = IP_FORWARD in allow and sysctl_files.forwarding_off(host, without=SYSCTL_FILE)
    return _SYSCTL_TEXT.encode() if wanted else None


def settle_forwarding(host: Host, allow: Collection[str], *, dry: bool) -> bool:
    """Write or take away our sysctl file, and let the running kernel forward where the file says so."""
    path = host.path(SYSCTL_FILE)
    wanted = forwarding_file(host, allow)
    found = path.read_bytes() if path.exists() else None
    off = wanted is not None and host.word(_FORWARDING) == "0"
    if not dry:
        if wanted is None:
            path.unlink(missing_ok=True)
        elif wanted != found:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_atomic(path, wanted, mode=0o644)
        if off:
            host.path(_FORWARDING).write_text("1\n", encoding="ascii")
    return wanted != found or off


def settle_trust(host: Host, allow: Collection[str], *, dry: bool) -> bool:
    """Take our trust entries away where the site file does not allow them; `install.sh` makes them."""
    path = host.path(TRUST_FILE)
    if FAPOLICYD_TRUST in allow or not path.exists():
        return False
    if not dry:
        path.unlink()
        # a daemon that does not run reads the folder when it starts
        host.run(["fapolicyd-cli", "--update"], {})
    return True


def made(host: Host) -> list[dict[str, Any]]:
    """The exceptions that stand on this host, as the receipt lists them."""
    rows = []
    for name, place in ((IP_FORWARD, SYSCTL_FILE), (FAPOLICYD_TRUST, TRUST_FILE)):
        path = host.path(place)
        if path.exists():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            rows.append({"name": name, "stig": STIG[name], "path": place, "sha256": digest})
    return rows


def trusted_files(host: Host) -> int:
    """Files of the tool that our trust entries name."""
    lines = (host.text(TRUST_FILE) or "").splitlines()
    return sum(line.startswith(f"{PROGRAM}/") for line in lines)
