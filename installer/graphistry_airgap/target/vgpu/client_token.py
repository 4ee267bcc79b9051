"""A client configuration token: what can be known of it without asking its server.

It is a JSON Web Token, so its payload can be read and its signature cannot be
checked here.  Only its format, its times and the servers that it names leave this
module; its bytes, and messages that would quote them, never do.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

# real ones have 2 to 4 KB
LARGEST = 1 << 16
_PARTS = 3
# years that `datetime` can show
_LAST_MOMENT = 253402300799


class TokenError(Exception):
    """Why this is no token; never quotes it."""


@dataclass(frozen=True)
class Token:
    """Seconds since 1970, 0 where the token does not say; `servers` may be empty."""

    expires: int = 0
    valid_from: int = 0
    servers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"expires": self.expires, "valid_from": self.valid_from, "servers": list(self.servers)}


def read(data: bytes) -> Token:
    """What the payload says; one with unknown fields is a token all the same."""
    payload = _payload(data)
    return Token(_moment(payload, "exp"), _moment(payload, "nbf"), tuple(dict.fromkeys(_servers(payload))))


def moment(seconds: int) -> str:
    """For a message."""
    return datetime.fromtimestamp(seconds, tz=timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _payload(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise TokenError("it is empty")
    if len(data) > LARGEST:
        raise TokenError(f"it has {len(data)} bytes, a token has a few thousand")
    parts = data.strip().split(b".")
    if len(parts) != _PARTS:
        raise TokenError(f"it has {len(parts)} parts between dots, a token has {_PARTS}")
    header, payload = (_object(part) for part in parts[:2])
    if header is None or "alg" not in header:
        raise TokenError("its first part is no header of a JSON Web Token")
    if payload is None:
        raise TokenError("its second part is no JSON object")
    if not parts[2]:
        raise TokenError("it is not signed")
    return payload


def _object(part: bytes) -> dict[str, Any] | None:
    try:
        raw = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _moment(payload: dict[str, Any], name: str) -> int:
    value = payload.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LAST_MOMENT:
        raise TokenError(f"its field `{name}` is no time")
    return int(value)


def _servers(payload: dict[str, Any]) -> list[str]:
    """Hosts of the service's nodes, where the payload has the shape that is known."""
    service = payload.get("service_instance_configuration")
    nodes = service.get("node_url_list") if isinstance(service, dict) else None
    urls = [node.get("url") for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    return [name for url in urls if isinstance(url, str) and (name := _host(url))]


def _host(url: str) -> str:
    try:
        return (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".")
    except ValueError:
        return ""
