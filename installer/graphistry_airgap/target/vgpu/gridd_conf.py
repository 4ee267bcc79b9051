"""`/etc/nvidia/gridd.conf`: lines of `Key=value`, changed by key and otherwise byte for byte as they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..gpu.model import profile_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FEATURE = "FeatureType"
ADDRESS = "ServerAddress"
PORT = "ServerPort"
BACKUP = "BackupServerAddress"
BACKUP_PORT = "BackupServerPort"
_LINE = re.compile(rb"^[ \t]*([A-Za-z]+)[ \t]*=[ \t]*([^\r\n]*?)[ \t]*(\r?\n)?$")
# licence classes: RTX Virtual Workstation, Virtual Compute Server; else the guest's type decides
_FEATURE_OF_CLASS = {"Q": "2", "C": "4"}
_BY_TYPE = "1"
_NEW = b"# nvidia-gridd, the licence client of vGPU guests\n"


def feature_type(wanted: str, product_names: Iterable[str]) -> str:
    """The site's own, else that of the profiles' class if they have one in common."""
    if wanted != "auto":
        return wanted
    profiles = [profile_of(name) for name in product_names]
    found = {_FEATURE_OF_CLASS.get(profile.kind, _BY_TYPE) if profile else _BY_TYPE for profile in profiles}
    return found.pop() if len(found) == 1 else _BY_TYPE


def settings(feature: str, server: Mapping[str, Any], *, token: bool) -> dict[str, str | None]:
    """What the file has to say; None is for what must not be set, as beside a token an address is not."""
    wanted: dict[str, str | None] = {FEATURE: feature, **dict.fromkeys((ADDRESS, PORT, BACKUP, BACKUP_PORT))}
    if not token and server:
        wanted[ADDRESS] = str(server["address"])
        wanted[PORT] = str(server.get("port") or 7070)
        if server.get("backup_address"):
            wanted[BACKUP] = str(server["backup_address"])
            # a port that stood beside another stand-by is not this one's
            wanted[BACKUP_PORT] = str(server.get("backup_port") or 7070)
    return wanted


def values(text: bytes) -> dict[str, str]:
    """What is set, the last of several lines; an empty value sets nothing."""
    found = {}
    for line in text.splitlines(keepends=True):
        match = _LINE.match(line)
        if match and match[2]:
            found[match[1].decode()] = match[2].decode("utf-8", "replace")
    return found


def merge(text: bytes, wanted: Mapping[str, str | None]) -> bytes:
    """Each key on its last own line, other lines of it turned into comments; new keys at the end."""
    lines = (text or _NEW).splitlines(keepends=True)
    ending = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
    for key, value in wanted.items():
        lines = _set(lines, key.encode(), None if value is None else value.encode(), ending)
    return b"".join(lines)


def _set(lines: list[bytes], key: bytes, value: bytes | None, ending: bytes) -> list[bytes]:
    own = [place for place, line in enumerate(lines) if (found := _LINE.match(line)) and found[1] == key]
    changed = list(lines)
    if value is None:
        for place in own:
            if _value(lines[place]):
                changed[place] = b"#" + lines[place]
        return changed
    for place in own[:-1]:
        changed[place] = b"#" + lines[place]
    if own and _value(lines[own[-1]]) == value:
        return changed
    if own:
        end = (_LINE.match(lines[own[-1]]) or [b""] * 4)[3] or b""
        changed[own[-1]] = key + b"=" + value + end
        return changed
    if changed and not changed[-1].endswith(b"\n"):
        changed[-1] += ending
    return [*changed, key + b"=" + value + ending]


def _value(line: bytes) -> bytes:
    found = _LINE.match(line)
    return found[2] if found else b""
