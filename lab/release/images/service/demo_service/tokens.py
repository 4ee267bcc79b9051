"""JSON web tokens (HS256) signed with DJANGO_SECRET_KEY, so a changed key ends every session."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from typing import Any


def issue(claims: dict[str, Any]) -> str:
    lifetime = int(os.environ.get("JWT_EXPIRATION_DELTA") or 3600)
    payload = {**claims, "exp": int(time.time()) + lifetime}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(payload)}"
    return f"{signed}.{_signature(signed)}"


def read(token: str) -> dict[str, Any] | None:
    signed, _, signature = token.rpartition(".")
    if not signed or not hmac.compare_digest(signature, _signature(signed)):
        return None
    encoded = signed.partition(".")[2]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return claims if claims["exp"] > time.time() else None


def _part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def _signature(signed: str) -> str:
    key = os.environ.get("DJANGO_SECRET_KEY", "").encode()
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
