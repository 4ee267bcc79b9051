"""What the host's own settings keep from being installed or changed: dnf's excludes and its versionlock."""

from __future__ import annotations

import configparser
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .probe_root import Host

_MAIN = "/etc/dnf/dnf.conf"
_VERSIONLOCK = "/etc/dnf/plugins/versionlock.conf"
_LOCK_LIST = "/etc/dnf/plugins/versionlock.list"
# name-[epoch:]version-release[.arch]; each part may be a pattern
_LOCKED = re.compile(r"(?P<name>.+)-[^-]+-[^-]+")


def barred(host: Host) -> list[str]:
    """Patterns of package names that the host's settings hold back."""
    return [*_excludes(host), *_locked(host)]


def matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _excludes(host: Host) -> list[str]:
    main = _section(host, _MAIN, "main")
    text = " ".join(main.get(key, "") for key in ("exclude", "excludepkgs"))
    return re.split(r"[\s,]+", text.strip()) if text.strip() else []


def _locked(host: Host) -> list[str]:
    settings = _section(host, _VERSIONLOCK, "main")
    if settings.get("enabled", "1").strip() in ("0", "false", "no"):
        return []
    lines = (host.text(settings.get("locklist", _LOCK_LIST)) or "").splitlines()
    entries = (line.partition("#")[0].strip().removeprefix("!") for line in lines)
    named = (_LOCKED.fullmatch(entry) for entry in entries if entry)
    return [found["name"] for found in named if found]


def _section(host: Host, path: str, name: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(host.text(path) or "")
    except configparser.Error:
        return {}
    return dict(parser[name]) if parser.has_section(name) else {}
