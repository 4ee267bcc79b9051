"""Which platform a host is, by what it says of itself."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from .identities import IDENTITIES, REFUSED

if TYPE_CHECKING:
    from collections.abc import Mapping


def platform_of(os_id: str, version: str) -> str:
    """By `ID` and `VERSION_ID` of os-release(5); of an unknown one, what it calls itself.

    A platform's version is the host's, or how it begins: `9` is also 9.6, `24.04` is no 24.10.  A preview of
    a minor release is known by having none, and is no platform.
    """
    for name, known in IDENTITIES.items():
        fits = f"{version}.".startswith(f"{known['version']}.")
        if os_id in known["ids"] and fits and not _preview(known, os_id, version):
            return name
    return f"{os_id or 'unknown'}-{version or 'unknown'}"


def why_refused(platform: str) -> tuple[str, str]:
    """Of a system that is known and not taken, why, and the way out; both empty of any other.

    `platform` is what `platform_of` says.
    """
    for known in REFUSED.values():
        for os_id in known["ids"]:
            if f"{platform}.".startswith(f"{os_id}-{known['version']}."):
                return known["reason"], known["hint"]
    return "", ""


def identify(release: Mapping[str, str]) -> dict[str, Any]:
    """Name of the platform and what is to be known of the host beside it, each empty where there is nothing.

    `rebuild`: its own name, where that is another than its ID's; `warning`: of a known one; `base`: of an
    unknown one, what it says that it is made from; `preview`: of one that is no release, what it is.
    """
    os_id, version = release.get("ID", ""), release.get("VERSION_ID", "")
    platform = platform_of(os_id, version)
    known = IDENTITIES.get(platform, {"ids": {}, "warn": {}})
    name = release.get("NAME", "")
    return {
        "platform": platform,
        "rebuild": name if name and known["ids"].get(os_id, name) != name else "",
        "warning": known["warn"].get(os_id, ""),
        "base": "" if platform in IDENTITIES else _base(release),
        "preview": next(filter(None, (_preview(one, os_id, version) for one in IDENTITIES.values())), ""),
    }


def _preview(known: Mapping[str, Any], os_id: str, version: str) -> str:
    return str(known["previews"].get(os_id, "")) if version == known["version"] else ""


def _base(release: Mapping[str, str]) -> str:
    ours = {os_id for known in IDENTITIES.values() for os_id in known["ids"]}
    if release.get("ID") in ours:
        return ""
    like = next((one for one in release.get("ID_LIKE", "").split() if one in ours), "")
    return f"{like} {release.get('UBUNTU_CODENAME', '')}".strip() if like else ""


def os_release(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            found[key] = _unquoted(value)
    return found


def _unquoted(value: str) -> str:
    """As a shell reads it, and as it stands where no shell could."""
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value.strip("\"'")
