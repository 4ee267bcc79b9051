"""Kernel settings as a boot reads them: the files of sysctl.d in their order, the last line winning.

`systemd-sysctl` sorts all files by name, whatever directory they lie in; a file hides those of the same name
in directories after its own.  `sysctl --system` reads /etc/sysctl.conf after all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..host.machine import Host

DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
LATE = "/etc/sysctl.conf"
FORWARDING = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding")


@dataclass(frozen=True)
class Assignment:
    path: str
    key: str
    value: str


def at_boot(host: Host, *, without: str = "") -> Iterator[Assignment]:
    """Every assignment in the order in which a boot makes them; `without` leaves one file out."""
    files: dict[str, str] = {}
    for directory in DIRECTORIES:
        for name in host.names(directory):
            if name.endswith(".conf"):
                files.setdefault(name, f"{directory}/{name}")
    for name in sorted(files):
        if files[name] != without:
            yield from assignments(host, files[name])


def assignments(host: Host, path: str) -> Iterator[Assignment]:
    for line in (host.text(path) or "").splitlines():
        text = line.strip()
        key, equals, value = text.partition("=")
        if equals and not text.startswith(("#", ";")):
            yield Assignment(path, key.strip().lstrip("-").replace("/", "."), value.strip())


def forwarding_off(host: Host, *, without: str = "", after: str = "") -> list[str]:
    """Files that switch IPv4 forwarding off at boot; empty when a later line switches it on or none says.

    `after` asks only those that a boot reads later than that file, be it there or not.
    """
    said = [
        one
        for one in at_boot(host, without=without)
        if one.key in FORWARDING and PurePosixPath(one.path).name > PurePosixPath(after).name
    ]
    if not said or said[-1].value != "0":
        return []
    return sorted({one.path for one in said if one.value == "0"})


def forwarding_off_late(host: Host) -> bool:
    """Whether `sysctl --system` switches it off after every file of sysctl.d."""
    said = [one.value for one in assignments(host, LATE) if one.key in FORWARDING]
    return said[-1:] == ["0"]
