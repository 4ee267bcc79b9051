"""What is known of GPUs, drivers and releases, read once from the files beside this one."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from graphistry_airgap.content import PACKAGE
from graphistry_airgap.knowledge.platforms import load_platforms

FOLDER = PACKAGE / "knowledge"
SUBJECTS = ("architectures", "drivers", "presets", "releases")


@cache
def load_knowledge() -> dict[str, Any]:
    """Subject to content: releases, architectures, presets, …; of drivers also what each platform has."""
    found = {name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in SUBJECTS}
    found["drivers"]["platforms"] = {name: one["drivers"] for name, one in load_platforms().items()}
    return found
