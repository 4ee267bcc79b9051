"""The schema of env files, read once."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from graphistry_airgap.content import PACKAGE

FILE = PACKAGE / "knowledge" / "env-schema.json"


@cache
def load_env_schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
