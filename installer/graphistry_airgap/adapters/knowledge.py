"""The knowledge files of the package, read once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "data" / "knowledge"


@cache
def load_knowledge() -> dict[str, Any]:
    """File name without ending to content: releases, architectures, presets, …"""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
