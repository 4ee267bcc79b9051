"""Every package of a machine, by the package database that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .apt_system import Apt

if TYPE_CHECKING:
    from .probe_root import Host

_RPM_QUERY = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t%{ARCH}\\n"
# a key in rpm's database looks like a package
_NO_ARCHITECTURE = "(none)"


def installed(host: Host) -> tuple[str, list[dict[str, Any]]]:
    """The package system, and its whole packages; both empty where no database has any.

    A machine may have the programs of both: the one that lists packages is the machine's own.
    """
    for system, list_packages in (("apt", _dpkg), ("dnf", _rpm)):
        found = sorted(set(list_packages(host)))
        if found:
            names = ("name", "version", "architecture")
            return system, [dict(zip(names, entry)) for entry in found]
    return "", []


def _dpkg(host: Host) -> list[tuple[str, str, str]]:
    return [(one.name, one.version, one.architecture) for one in Apt(host).installed() if one.whole]


def _rpm(host: Host) -> list[tuple[str, str, str]]:
    # through env, so that a host without rpm is an answer and no end of a module
    status, out, _ = host.run(["env", "rpm", f"--root={host.root}", "-qa", "--qf", _RPM_QUERY], {})
    rows = [line.split("\t") for line in out.splitlines()] if status == 0 else []
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3 and row[2] != _NO_ARCHITECTURE]
