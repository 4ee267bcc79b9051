"""The secrets of the product: how each is made, and which values are known to be no secret.

Made values hold no `$`, quote, `#`, blank or backslash, so that every
reader of an env file sees the same value.
"""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MINIMUM_LENGTH = 8
_ALPHABET = string.ascii_letters + string.digits
_KNOWN = frozenset(
    {
        "abc123xyz",
        "changeme",
        "change_me",
        "change-me",
        "secret",
        "password",
        "graphistry",
        "postgres",
        "replaceme",
    }
)


def _letters(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


MAKERS: dict[str, Callable[[], str]] = {
    "DJANGO_SECRET_KEY": lambda: _letters(50),
    "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "GRAPHISTRY_NEXUS_SIGNING_KEY": lambda: str(uuid.uuid4()),
    "GRAPHISTRY_NEXUS_SIGNING_SALT": lambda: _letters(32),
}


def weakness(value: str | None) -> str:
    """Why a value is no secret; empty when nothing speaks against it."""
    if not value:
        return "is empty"
    if value.casefold() in _KNOWN:
        return "is a value that everybody knows"
    if len(value) < MINIMUM_LENGTH:
        return f"has fewer than {MINIMUM_LENGTH} characters"
    if len(set(value)) == 1:
        return "repeats one character"
    return ""
