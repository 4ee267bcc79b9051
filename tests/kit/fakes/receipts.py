"""Receipts as far as their schema asks for them."""

from __future__ import annotations

from typing import Any

RECEIPT = {
    "schema": 1,
    "bundle": {"path": "/media/bundle", "id": "b", "release": "v1", "sums_sha256": "5" * 64},
    "purpose": "server",
    "complete": True,
    "finished": "2026-11-20T08:00:00Z",
    "site": {"root": "/var/graphistry"},
    "packages": [],
    "inputs": {},
}


def receipt(**changes: Any) -> dict[str, Any]:
    return RECEIPT | changes
