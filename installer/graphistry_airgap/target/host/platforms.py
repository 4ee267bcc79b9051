"""Which platform a host is, by what it says of itself."""

from __future__ import annotations

import shlex

from .identities import IDENTITIES


def platform_of(os_id: str, version: str) -> str:
    """By `ID` and `VERSION_ID` of os-release(5); of an unknown one, what it calls itself.

    A platform's version is the host's, or how it begins: `9` is also 9.6, `24.04` is no 24.10.
    """
    for name, (ids, known) in IDENTITIES.items():
        if os_id in ids and f"{version}.".startswith(f"{known}."):
            return name
    return f"{os_id or 'unknown'}-{version or 'unknown'}"


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
