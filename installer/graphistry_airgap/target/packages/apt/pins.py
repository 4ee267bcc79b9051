"""Pins of the host's apt preferences that would have chosen another version than the bundle's.

Transactions of this project leave the preferences out: the exact versions that were approved are installed.
But a pin is somebody's decision about a package, and a later `apt-get upgrade` follows it.  So apt itself is
asked for its candidates with the preferences and without; a pin to a version that no source has moves no
candidate, and is read from the files.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...host.machine import Host

_FILE = "/etc/apt/preferences"
_FOLDER = "/etc/apt/preferences.d"
# of other names apt reads no file there
_READ = re.compile(r"[A-Za-z0-9_.-]+")
_FIELD = re.compile(r"^(package|pin|pin-priority):(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_CANDIDATE = re.compile(r"^(\S+):\n  Installed: .*\n  Candidate: (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    file: str
    packages: tuple[str, ...]
    wanted: str
    priority: int

    @property
    def version(self) -> str:
        """The pattern of versions that this pin wants, empty where it wants something else."""
        kind, _, pattern = self.wanted.partition(" ")
        return pattern.strip() if kind == "version" and self.priority > 0 else ""

    def is_about(self, name: str) -> bool:
        return any(_fits(package.partition(":")[0], name) for package in self.packages)

    def as_dict(self) -> dict[str, Any]:
        return {"file": self.file, "pin": self.wanted, "priority": self.priority}


def opposed(
    host: Host, environment: Mapping[str, str], packages: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Those of the packages that a pin wants otherwise: each with `candidate` and `pins`.

    `environment` names settings with the bundle's lists and without the host's preferences.
    """
    pins = list(_pins(host))
    if not pins or not packages:
        return []
    names = [package["name"] for package in packages]
    plain = _candidates(host, environment, names)
    preferences = [f"Dir::Etc::preferences={host.path(_FILE)}"]
    preferences += [f"Dir::Etc::preferencesparts={host.path(_FOLDER)}"]
    pinned = _candidates(host, environment, names, preferences)
    found = []
    for package in packages:
        name, version = package["name"], package["version"]
        candidate = pinned.get(name, version)
        moved = candidate not in (version, plain.get(name))
        about = [pin for pin in pins if pin.is_about(name)]
        if moved or _wants_another(about, version):
            named = [pin.as_dict() for pin in about or pins]
            found.append(
                {"name": name, "version": version, "candidate": candidate if moved else "", "pins": named}
            )
    return found


def _wants_another(pins: Sequence[Pin], version: str) -> bool:
    """A version pin for every package (`*`) means nothing to apt."""
    wanted = [pin.version for pin in pins if pin.version and "*" not in pin.packages]
    return bool(wanted) and not any(_fits(pattern, version) for pattern in wanted)


def _candidates(
    host: Host, environment: Mapping[str, str], names: Sequence[str], options: Sequence[str] = ()
) -> dict[str, str]:
    settings = [word for option in options for word in ("-o", option)]
    _, out, _ = host.run(["apt-cache", *settings, "policy", *names], environment)
    return {name.partition(":")[0]: candidate for name, candidate in _CANDIDATE.findall(out)}


def _pins(host: Host) -> Iterator[Pin]:
    parts = [name for name in host.names(_FOLDER) if _READ.fullmatch(name)]
    parts = [name for name in parts if os.path.splitext(name)[1] in ("", ".pref")]  # noqa: PTH122
    for path in (_FILE, *(f"{_FOLDER}/{name}" for name in parts)):
        lines = (host.text(path) or "").splitlines()
        text = "\n".join(line for line in lines if not line.startswith("#"))
        for stanza in re.split(r"\n[ \t]*\n", text):
            fields = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(stanza)}
            if fields.keys() >= {"package", "pin"}:
                priority = fields.get("pin-priority", "0")
                number = int(priority) if re.fullmatch(r"[-+]?\d+", priority) else 0
                yield Pin(path, tuple(fields["package"].split()), fields["pin"], number)


def _fits(pattern: str, text: str) -> bool:
    """apt's expressions: between slashes a regular one, else a shell's."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            return re.search(pattern[1:-1], text, re.IGNORECASE) is not None
        except re.error:
            return False
    return fnmatchcase(text, pattern)
