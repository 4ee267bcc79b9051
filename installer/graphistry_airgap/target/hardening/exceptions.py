"""Exceptions that a hardened host makes for this product: named, allowed by the site file, undone by name.

`ip-forward`: Docker's bridge networks need IPv4 forwarding, also after somebody has loaded the host's sysctl
files anew.  `fapolicyd-trust`: fapolicyd runs no program that it does not know, and the tool's environment
comes from no package; `install.sh` writes those entries, for the tool itself could not start.
`fips-interpreter`: in FIPS mode the tool runs on an interpreter that came with its bundle; nothing is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..change import Change, diff, of_file
from ..host.digests import sha256
from ..host.files import content_and_mode, write_atomic
from . import sysctl as sysctl_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..host.machine import Host

IP_FORWARD, FAPOLICYD_TRUST, FIPS_INTERPRETER = "ip-forward", "fapolicyd-trust", "fips-interpreter"
STIG = {
    IP_FORWARD: "RHEL-09-253075",
    FAPOLICYD_TRUST: "RHEL-09-433016",
    FIPS_INTERPRETER: "RHEL-09-671010",
}

SUBJECT = "hardening"
PROGRAM = "/opt/graphistry-airgap"
# sorts after every name that begins with a digit and after those that remediation scripts use
SYSCTL_FILE = "/etc/sysctl.d/zz-graphistry-airgap.conf"
# empty, beside the keyring: they say to install.sh what the site file says to the tool
ALLOW = {name: f"/etc/graphistry-airgap/allow.{name}" for name in (FAPOLICYD_TRUST, FIPS_INTERPRETER)}
TRUST_FILE = "/etc/fapolicyd/trust.d/graphistry-airgap"
_MODE = 0o644
_FORWARDING = "/proc/sys/net/ipv4/ip_forward"


def forwarding(host: Host, allow: Collection[str], text: bytes) -> list[Change]:
    """Our sysctl file with this text, and whether the running kernel forwards where the file is to be.

    No file where it is not allowed or the host forwards without it.
    """
    due = IP_FORWARD in allow and sysctl_files.forwarding_off(host, without=SYSCTL_FILE)
    wanted = text if due else None
    before = content_and_mode(host.path(SYSCTL_FILE))
    # a mode that somebody gave it stays
    found = [] if before[0] == wanted else of_file(SUBJECT, SYSCTL_FILE, before, (wanted, _MODE))
    if wanted is not None and host.word(_FORWARDING) == "0":
        found.append(Change(SUBJECT, "sysctl", "net.ipv4.ip_forward", "0", "1"))
    return found


def trust(host: Host, allow: Collection[str]) -> list[Change]:
    """Our trust entries, where the site file does not allow them; `install.sh` makes them."""
    allowed = FAPOLICYD_TRUST in allow
    before = (None, None) if allowed else content_and_mode(host.path(TRUST_FILE))
    return of_file(SUBJECT, TRUST_FILE, before, (None, None))


def carry_out(host: Host, changes: Iterable[Change], text: bytes) -> None:
    """`text` is what `forwarding` was asked with."""
    for one in changes:
        path = host.path(one.what)
        if one.kind == "sysctl":
            host.path(_FORWARDING).write_text(f"{one.after}\n", encoding="ascii")
        elif one.after is None:
            path.unlink()
        else:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_atomic(path, text, mode=_MODE)
        if one.what == TRUST_FILE:
            # a daemon that does not run reads the folder when it starts
            host.run(["fapolicyd-cli", "--update"], {})


def diffs(host: Host, changes: Iterable[Change], text: bytes) -> list[dict[str, str]]:
    """The files in full; asked before anything is carried out."""
    return [
        diff(one.what, host.text(one.what) or "", text.decode() if one.after else "")
        if one.kind == "file"
        else one.diff()
        for one in changes
    ]


def made(host: Host) -> list[dict[str, Any]]:
    """The exceptions that stand on this host, as the receipt lists them."""
    rows = []
    for name, place in ((IP_FORWARD, SYSCTL_FILE), (FAPOLICYD_TRUST, TRUST_FILE)):
        path = host.path(place)
        if path.exists():
            digest = sha256(path.read_bytes()).hexdigest()
            rows.append({"name": name, "stig": STIG[name], "path": place, "sha256": digest})
    return rows


def trusted_files(host: Host) -> int:
    """Files of the tool that our trust entries name."""
    lines = (host.text(TRUST_FILE) or "").splitlines()
    return sum(line.startswith(f"{PROGRAM}/") for line in lines)
