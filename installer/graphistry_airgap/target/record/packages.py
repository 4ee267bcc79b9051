"""Which packages a host has: what its package manager lists, and these lines read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..host.machine import Host

# rpm keeps keys among the packages, under this name
RPM_KEY = "gpg-pubkey"
# install.sh writes the same rows
_LISTINGS = {
    "apt": ("dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Version}\n"),
    "dnf": ("rpm", "-qa", "--qf", "rpm\\t%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{SUMMARY}\\n"),
}


def listing(host: Host, package_system: str) -> str:
    _, output, _ = host.run(_LISTINGS[package_system], {})
    return output


def read(lines: str) -> dict[str, str]:
    """Name to version of each installed package, and of rpm's keys their name to whose they are.

    A list that was cut off is read as far as it goes.
    """
    found = {}
    for row in (line.split("\t") for line in lines.splitlines()):
        if len(row) == 3 and row[0][1:2] == "i":
            found[row[1]] = row[2]
        elif len(row) == 4 and row[1] == RPM_KEY:
            # all keys have one name, so each is told apart by what is its version
            found[f"{row[1]}-{row[2].removeprefix('0:')}"] = row[3]
        elif len(row) == 4:
            found[row[1]] = row[2].removeprefix("0:")
    return found
