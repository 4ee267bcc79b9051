"""What a service shows of its environment, and which secrets it refuses to work with.

Values of secret-like names never leave the process: their SHA-256 is enough to see whether two services,
or two moments, have the same one.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET_LIKE = re.compile(r"SECRET|PASSW|TOKEN|KEY|SALT|CREDENTIAL|DATABASE_URL|AUTH")
REQUIRED_SECRETS = (
    "DJANGO_SECRET_KEY",
    "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS",
    "GRAPHISTRY_NEXUS_SIGNING_KEY",
    "GRAPHISTRY_NEXUS_SIGNING_SALT",
)
KNOWN_WEAK = frozenset({"abc123xyz", "changeme", "change-me", "secret", "password", "graphistry"})


def shown(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    return {
        name: "sha256:" + hashlib.sha256(value.encode()).hexdigest()
        if SECRET_LIKE.search(name.upper())
        else value
        for name, value in sorted(environment.items())
    }


def secret_problems(environment: Mapping[str, str] = os.environ) -> list[str]:
    problems = []
    for name in REQUIRED_SECRETS:
        value = environment.get(name, "").strip()
        if not value:
            problems.append(f"{name} is not set")
        elif value.lower() in KNOWN_WEAK:
            problems.append(f"{name} is a well-known weak default")
    return problems
