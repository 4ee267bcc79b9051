"""What people are told to type, by package manager."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`{}` stands for names of packages."""

    manager: str
    database: str
    place: str
    unhold: str
    remove: str
    remove_alone: str
    purge: str
    repair: str
    damage: str


_WORDS = {
    "apt": Words(
        "apt",
        "dpkg",
        "/var/lib/dpkg",
        # apt-mark does not take a package off hold that is unpacked and not configured
        "`apt-mark unhold {}`, after `dpkg --configure -a` where it is half-installed",
        "apt-get remove {}",
        "dpkg --remove --force-depends {}",
        "apt-get purge",
        "`dpkg --configure -a`, then `dpkg --audit` must print nothing",
        "its journal holds unfinished work",
    ),
    "dnf": Words(
        "dnf",
        "rpm",
        "/var/lib/rpm",
        "`dnf versionlock delete {}` (an entry with a pattern: as `dnf versionlock list` has it), or take it "
        "out of the excludes of /etc/dnf/dnf.conf",
        "dnf remove {}",
        "rpm -e --nodeps {}",
        "dnf remove",
        "`rpmdb --rebuilddb`, then `rpmdb --verifydb` must print nothing; `dnf check --duplicates` too",
        "its database does not pass `rpmdb --verifydb`",
    ),
}


def of(system: str) -> Words:
    return _WORDS[system]
