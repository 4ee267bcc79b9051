"""What names and versions in bundle.json are, for the build too; and values of documents without a schema."""

from __future__ import annotations

import re
from typing import Any

from graphistry_airgap.knowledge.formats import definition

NAME, VERSION = (re.compile(definition("bundle-v1", name)["pattern"]) for name in ("name", "version"))


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected where {value!r:.80} stands")
    return value


def like(pattern: re.Pattern[str], value: Any) -> str:
    found = text(value)
    if not pattern.fullmatch(found):
        raise ValueError(f"{found!r:.80} has characters that do not belong there")
    return found


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false was expected where {value!r:.80} stands")
    return value
