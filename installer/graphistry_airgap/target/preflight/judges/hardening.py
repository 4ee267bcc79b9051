"""Judgements about hardening: each exception that the product needs is one finding with its STIG id.

What is hardened and needs no exception (noexec, umask, user namespaces, FIPS) is no finding, or an info.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, INFO, WARNING, Finding
from ...hardening.exceptions import (
    ALLOW,
    FAPOLICYD_TRUST,
    FIPS_INTERPRETER,
    IP_FORWARD,
    PROGRAM,
    STIG,
    SYSCTL_FILE,
    TRUST_FILE,
)
from ...hardening.sysctl import LATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def forwarding(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["hardened"]
    files = found["forwarding_off"]
    allowed = IP_FORWARD in requirements["hardening_allow"]
    if files:
        yield Finding(
            INFO if allowed else ERROR,
            "ip-forward",
            f"{', '.join(files)} switches IPv4 forwarding off, and Docker's bridge networks need it: an "
            f"exception to {STIG[IP_FORWARD]}" + (f", made by {SYSCTL_FILE}" if allowed else ""),
            f"net.ipv4.ip_forward = 0 in {', '.join(files)}",
            "net.ipv4.ip_forward = 1",
            "" if allowed else _allow(IP_FORWARD, f"the installation then writes {SYSCTL_FILE}"),
            files[0],
            STIG[IP_FORWARD],
        )
    if overriding := found["forwarding_overridden"]:
        names = ", ".join(overriding)
        yield Finding(
            ERROR,
            "ip-forward-overridden",
            f"{names} sorts after {SYSCTL_FILE}, so that a boot reads it last and IPv4 forwarding stays off "
            f"in spite of the exception",
            f"net.ipv4.ip_forward = 0 in {names}",
            f"forwarding settings in files that sort before {SYSCTL_FILE}",
            f"rename it, as in `mv {overriding[0]} /etc/sysctl.d/60-hardening.conf`, or remove its line",
            overriding[0],
            STIG[IP_FORWARD],
        )
    if found["forwarding_off_late"] and LATE not in files:
        yield Finding(
            WARNING,
            "ip-forward-late",
            f"`sysctl --system` reads {LATE} after every other file, so it switches IPv4 forwarding off "
            "until Docker starts again",
            f"net.ipv4.ip_forward = 0 in {LATE}",
            f"forwarding settings in /etc/sysctl.d alone, where {SYSCTL_FILE} comes last",
            f"move the line from {LATE} to a file of /etc/sysctl.d",
            LATE,
            STIG[IP_FORWARD],
        )


def fapolicyd(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    if not profile["hardening"]["fapolicyd"]:
        return
    found = profile["hardened"]
    allowed = FAPOLICYD_TRUST in requirements["hardening_allow"]
    files, allow = found["fapolicyd_trusted"], ALLOW[FAPOLICYD_TRUST]
    yield Finding(
        INFO if allowed else ERROR,
        "fapolicyd-trust",
        f"fapolicyd runs, and the tool under {PROGRAM} comes from no package: an exception to "
        f"{STIG[FAPOLICYD_TRUST]}" + (f", made by {TRUST_FILE} for {files} files of it" if allowed else ""),
        f"{files} trusted files below {PROGRAM}",
        f"trust for the files below {PROGRAM}, and for nothing else",
        ""
        if allowed
        else _allow(FAPOLICYD_TRUST, f"with {allow} (touch it) install.sh then writes {TRUST_FILE}"),
        TRUST_FILE,
        STIG[FAPOLICYD_TRUST],
    )
    due = [item["name"] for item in profile["packages"]["wanted"] if item["state"] in ("absent", "older")]
    if due and not found["fapolicyd_told"]:
        yield Finding(
            ERROR,
            "fapolicyd-packages",
            f"fapolicyd runs and is not told about new packages, so it would refuse the programs of "
            f"{', '.join(due)} while they are installed",
            "fapolicyd active, no plugin of the package manager",
            "fapolicyd stopped while packages are installed",
            "have the change approved, `systemctl stop fapolicyd`, install, `systemctl start fapolicyd`: "
            "it reads the package database when it starts",
        )


def limits(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    # where the tool's interpreter is the bundle's, `interpreter` has more to say
    if profile["hardening"]["fips"] and not _bundled(requirements):
        yield Finding(
            INFO,
            "fips-enabled",
            "the kernel runs in FIPS mode; nothing has to be changed for it",
            "enabled",
            "signing keys of RSA-3072 or larger, or NIST P-384",
            stig="RHEL-09-671010",
        )
    if not profile["hardened"]["user_namespaces"]:
        yield Finding(
            INFO,
            "user-namespaces-off",
            "user namespaces are off; Docker runs as root and needs none",
            "user.max_user_namespaces = 0",
            "nothing",
            stig="RHEL-09-213105",
        )


def interpreter(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Cryptography that comes with the bundle is outside of what a host in FIPS mode has validated."""
    own = _bundled(requirements)
    if not own or not profile["hardening"]["fips"]:
        return
    allowed = FIPS_INTERPRETER in requirements["hardening_allow"]
    yield Finding(
        WARNING if allowed else ERROR,
        "interpreter-fips",
        f"the kernel runs in FIPS mode, and the tool runs on {own} from the bundle, whose OpenSSL is not "
        f"the platform's: an exception to {STIG[FIPS_INTERPRETER]}"
        + ("; digests and signatures are the platform's own programs' to judge" if allowed else ""),
        f"{own} below {PROGRAM}",
        "a tool that runs on the platform's own Python",
        ""
        if allowed
        else f"manage this host from one of another platform, or have the exception approved and name it: "
        f"`hardening: {{allow: [{FIPS_INTERPRETER}]}}` in the site file, and touch {ALLOW[FIPS_INTERPRETER]}",
        "/proc/sys/crypto/fips_enabled",
        STIG[FIPS_INTERPRETER],
    )


def _bundled(requirements: Mapping[str, Any]) -> str:
    """The interpreter that came with the bundle, on which the tool runs here; empty without one."""
    return next((str(one["name"]) for one in requirements["pythons"] if one["own"]), "")


def _allow(name: str, consequence: str) -> str:
    return (
        f"have the exception approved and name it in the site file: `hardening: {{allow: [{name}]}}`; "
        f"{consequence} and lists it in the receipt"
    )
