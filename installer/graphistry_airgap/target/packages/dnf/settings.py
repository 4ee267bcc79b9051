"""What the host's own settings keep from being installed or changed: dnf's excludes and its versionlock.

An entry of either is a package specification, and dnf tries every way to read one: `docker-ce-27.*` is any
release of docker-ce 27, and the name docker in version `ce`.  versionlock keeps to those versions of a name
that an entry matches, so a name is held only where another version of it is wanted.
"""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...host.machine import Host

_MAIN = "/etc/dnf/dnf.conf"
_VERSIONLOCK = "/etc/dnf/plugins/versionlock.conf"
_LOCK_LIST = "/etc/dnf/plugins/versionlock.list"
# libdnf's forms of a specification; each part may be a pattern
_NAME = r"(?P<name>[^:(/=<> ]+)"
_EVR = r"(?:(?P<epoch>\d+):)?(?P<version>[^-:(/=<> ]+)"
_RELEASE = r"(?P<release>[^-:(/=<> ]+)"
_ARCHITECTURE = r"(?P<architecture>[^-:.(/=<> ]+)"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_NAME}-{_EVR}-{_RELEASE}\.{_ARCHITECTURE}",
        rf"{_NAME}-{_EVR}-{_RELEASE}",
        rf"{_NAME}-{_EVR}",
        rf"{_NAME}\.{_ARCHITECTURE}",
        _NAME,
    )
)


@dataclass(frozen=True)
class Settings:
    """`excluded` are specifications that are kept out, `locked` those that a name is kept to."""

    excluded: tuple[str, ...]
    locked: tuple[str, ...]

    @classmethod
    def of(cls, host: Host) -> Settings:
        locks = tuple(_locks(host))
        out = tuple(entry.removeprefix("!") for entry in locks if entry.startswith("!"))
        return cls((*_excludes(host), *out), tuple(entry for entry in locks if not entry.startswith("!")))

    def keep(self, name: str) -> bool:
        """Whether some version of this name may not come."""
        return any(_names(entry, name) for entry in (*self.excluded, *self.locked))

    def bar(self, name: str, version: str, architecture: str = "") -> bool:
        """Whether this version (`[epoch:]version-release`) may not come."""
        numbers, _, release = version.rpartition("-")
        epoch, _, number = numbers.rpartition(":")
        package = {"name": name, "epoch": epoch or "0", "version": number, "release": release}
        package["architecture"] = architecture
        if any(_matches(entry, package) for entry in self.excluded):
            return True
        named = any(_names(entry, name) for entry in self.locked)
        return named and not any(_matches(entry, package) for entry in self.locked)


def _readings(entry: str) -> Iterator[dict[str, str]]:
    for form in _FORMS:
        if found := form.fullmatch(entry):
            yield {part: pattern for part, pattern in found.groupdict().items() if pattern is not None}


def _names(entry: str, name: str) -> bool:
    return any(fnmatchcase(name, reading["name"]) for reading in _readings(entry))


def _matches(entry: str, package: dict[str, str]) -> bool:
    """An architecture that is not known is any."""
    return any(
        all(fnmatchcase(package[part], pattern) for part, pattern in reading.items() if package[part])
        for reading in _readings(entry)
    )


def _excludes(host: Host) -> list[str]:
    main = _section(host, _MAIN, "main")
    text = " ".join(main.get(key, "") for key in ("exclude", "excludepkgs"))
    return re.split(r"[\s,]+", text.strip()) if text.strip() else []


def _locks(host: Host) -> Iterator[str]:
    settings = _section(host, _VERSIONLOCK, "main")
    if settings.get("enabled", "1").strip() in ("0", "false", "no"):
        return
    for line in (host.text(settings.get("locklist", _LOCK_LIST)) or "").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _section(host: Host, path: str, name: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(host.text(path) or "")
    except configparser.Error:
        return {}
    return dict(parser[name]) if parser.has_section(name) else {}
