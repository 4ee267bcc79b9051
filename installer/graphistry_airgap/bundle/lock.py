"""The lock: what a spec was resolved to, as one list of items.

Each item says what it is, how large, which bytes, where from, and why they may be
believed.  The bundle's id is taken from the lock, so equal content has an equal id.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from graphistry_airgap.core.canonical import canonical_json, sha256_hex

LOCK_SCHEMA = 1


@dataclass(frozen=True)
class Item:
    kind: str
    name: str
    version: str
    size: int
    sha256: str
    origin: str
    verdict: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lock:
    """`created` is the newest date that the repositories' metadata bears, never the clock's."""

    created: str
    items: tuple[Item, ...]

    def sorted_items(self) -> list[Item]:
        return sorted(self.items, key=lambda item: (item.kind, item.name, item.version, item.origin))

    def render(self) -> bytes:
        items = [asdict(item) for item in self.sorted_items()]
        return canonical_json({"schema": LOCK_SCHEMA, "created": self.created, "items": items})

    @property
    def bundle_id(self) -> str:
        return sha256_hex(self.render())[:32]
