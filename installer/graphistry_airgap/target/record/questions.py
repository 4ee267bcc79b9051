"""What the tool has to know of a host around its stages, and has it keep: one question, one answer.

A host is asked the same by the module `record` over a connection and, where it is the tool's own machine, in
the tool's process; an answer is plain data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..driver import next_boot, signing as driver_signing
from ..host import dgx
from ..host.digests import sha256
from . import images, packages, services
from .files import Kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.machine import Host

STATE, PROGRAM = "/var/lib/graphistry-airgap", "/opt/graphistry-airgap"
# of a bundle that nobody has vouched for
_LARGEST = 64 << 20


def answer(host: Host, question: Mapping[str, Any]) -> dict[str, Any]:
    """`question` has the arguments of the module; raises OSError where a file cannot be read or written."""
    kept = Kept(
        Path(question["state"], "receipt.json"),
        Path(question["program"], "packages-before"),
        Path(question["state"], "stages-begun.jsonl"),
    )
    return _ANSWERS[question["ask"]](host, kept, question)


def _read(host: Host, kept: Kept, question: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "os_release": host.text("/etc/os-release") or "",
        "dgx": dgx.version(host),
        "receipt": kept.read_receipt(),
        "stages_begun": kept.stages_begun.exists(),
        "sums_sha256": _digest(Path(question["medium"], "SHA256SUMS")),
    }


def _begin(host: Host, kept: Kept, question: Mapping[str, Any]) -> dict[str, Any]:
    return {"changes": kept.begin(packages.listing(host, question["package_system"]))}


def _tell(host: Host, kept: Kept, question: Mapping[str, Any]) -> dict[str, Any]:
    now = packages.listing(host, question["package_system"])
    before = kept.before()
    return {
        "packages_before": packages.read(now if before is None else before),
        "packages": packages.read(now),
        "images": images.named(host, question["images"]),
        # what DKMS signs modules with
        "signing_key": driver_signing.has_private_key(host),
    }


def _write(_: Host, kept: Kept, question: Mapping[str, Any]) -> dict[str, Any]:
    kept.write_receipt(question["receipt"], stamp=question["stamp"])
    return {}


def _forget(_: Host, kept: Kept, __: Mapping[str, Any]) -> dict[str, Any]:
    kept.forget()
    return {}


def _status(host: Host, kept: Kept, _: Mapping[str, Any]) -> dict[str, Any]:
    """`services` is empty where the receipt names no release that runs."""
    receipt = kept.read_receipt()
    release = None if receipt is None else _running_release(receipt)
    return {
        "receipt": receipt,
        "stages_begun": kept.stages_begun.exists(),
        "kernels": next_boot.probe(host),
        "services": {} if release is None else services.of_release(host, release),
    }


def _running_release(receipt: str) -> Path | None:
    """Its directory; None of a template, and of a text that is no receipt, which its reader says."""
    try:
        loaded = json.loads(receipt)
        if loaded["purpose"] != "server":
            return None
        return Path(loaded["site"]["root"], "releases", loaded["bundle"]["release"])
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


_ANSWERS = {
    "read": _read,
    "begin": _begin,
    "tell": _tell,
    "write": _write,
    "forget": _forget,
    "status": _status,
}
QUESTIONS = tuple(_ANSWERS)


def _digest(path: Path) -> str:
    """Hex sha256; empty where no such file can be read."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
