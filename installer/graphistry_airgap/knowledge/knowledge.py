"""What is known of GPUs, drivers and releases, read once from the files beside this one."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from graphistry_airgap.content import PACKAGE

FOLDER = PACKAGE / "knowledge"
SUBJECTS = ("architectures", "drivers", "presets", "releases")


@cache
def load_knowledge() -> dict[str, Any]:
    """Subject to content: releases, architectures, presets, …"""
    return {name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in SUBJECTS}
