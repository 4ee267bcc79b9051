"""Canonical JSON and the digests built on it: equal content gives equal bytes, everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphistry_airgap.target.host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no blanks, UTF-8: what digests and ids are computed over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def readable_json(value: Any) -> bytes:
    """Sorted and indented, for files that people open."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def sha256_hex(data: bytes) -> str:
    return sha256(data).hexdigest()


def tree_digest(files: Iterable[tuple[str, str]]) -> str:
    """Digest of a directory from its (path, hex sha256) pairs, in the form of a sorted `sha256sum` list."""
    lines = sorted((path.encode(), digest) for path, digest in files)
    return sha256_hex(b"".join(digest.encode() + b"  " + path + b"\n" for path, digest in lines))
