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
    repair: str


_WORDS = {
    "apt": Words(
        "apt",
        "dpkg",
        "/var/lib/dpkg",
        "apt-mark unhold {}",
        "apt-get remove {}",
        "`dpkg --configure -a`, then `dpkg --audit` must print nothing",
    ),
}


def of(system: str) -> Words:
    return _WORDS[system]
