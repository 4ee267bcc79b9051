"""The newest Debian 13 kernel for cloud machines, as `uname -r` would print it on one.

Debian's mirror is asked which kernels its package lists hold.  The answer is kept in `build/lab/` and holds
for half a day, so that what is made and tried one after the other is for one kernel, and longer while the
lists are the same or no mirror gives an answer.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import lzma
import re
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

KEPT = Path(__file__).resolve().parents[2] / "build" / "lab" / "kernel-release.json"
SUITES = {
    "trixie": "http://deb.debian.org/debian",
    "trixie-security": "http://deb.debian.org/debian-security",
}
INDEX = "main/binary-amd64/Packages.xz"
IMAGE = re.compile(r"^Package: linux-image-(\d\S*-cloud-amd64)$", re.MULTILINE)
TIMEOUT = 30
HOLDS = 12 * 3600


def kernel_release(*, afresh: bool = False) -> str:
    """E.g. `6.12.117+deb13-cloud-amd64`; Debian's packages are called after it."""
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    if not kept or afresh or time.time() - KEPT.stat().st_mtime > HOLDS:
        try:
            kept = _ask(kept)
        except (OSError, http.client.HTTPException, RuntimeError):
            if not kept:
                raise
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        new = KEPT.with_suffix(".new")
        new.write_text(json.dumps(kept) + "\n", encoding="utf-8")
        new.replace(KEPT)
    return str(kept["kernel"])


def _ask(kept: dict[str, Any]) -> dict[str, Any]:
    lists = {suite: _list_digest(suite, uri) for suite, uri in SUITES.items()}
    if kept.get("lists") == lists:
        return kept
    kernels = {name for suite, digest in lists.items() for name in _kernels(SUITES[suite], suite, digest)}
    return {"kernel": max(kernels, key=_order), "lists": lists}


def _list_digest(suite: str, uri: str) -> str:
    text = _get(f"{uri}/dists/{suite}/InRelease").decode()
    found = re.search(rf"^ ([0-9a-f]{{64}}) +\d+ {re.escape(INDEX)}$", text, re.MULTILINE)
    if not found:
        raise RuntimeError(f"{uri} lists no {INDEX} for {suite}")
    return found[1]


def _kernels(uri: str, suite: str, digest: str) -> list[str]:
    folder = INDEX.rpartition("/")[0]
    data = _get(f"{uri}/dists/{suite}/{folder}/by-hash/SHA256/{digest}")
    if hashlib.sha256(data).hexdigest() != digest:
        raise RuntimeError(f"{uri}: the package list of {suite} is not what its InRelease file says")
    return IMAGE.findall(lzma.decompress(data).decode())


def _get(uri: str) -> bytes:
    with urllib.request.urlopen(uri, timeout=TIMEOUT) as reader:  # noqa: S310 (the URIs stand above)
        data: bytes = reader.read()
        return data


def _order(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name.partition("-")[0])]


if __name__ == "__main__":
    sys.stdout.write(f"{kernel_release()}\n")
