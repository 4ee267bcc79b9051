"""SHA256SUMS: which files a bundle has, and what they must hash to.

The format is `sha256sum`'s, so that coreutils alone can check a bundle.  It is read strictly: a name that
could point outside the bundle, or that could be read in two ways, makes the whole list invalid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphistry_airgap.bundle import junk as medium_junk
from graphistry_airgap.core.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.asc"
# each file that is not listed is an error of its own, and all of them must fit into memory
MOST_FILES = 100_000

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>[^\x00-\x1f\x7f\\]+)")
_SIGNATURE = re.compile(r"SHA256SUMS(\.([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}))?\.asc")


def is_signature(path: str) -> bool:
    """`SHA256SUMS.asc`, or `SHA256SUMS.<fingerprint>.asc` of a further signer."""
    return _SIGNATURE.fullmatch(path) is not None


def further_signature(fingerprint: str) -> str:
    """Name of the signature file of one who signs a bundle that is signed already."""
    return f"{SUMS}.{fingerprint}.asc"


def is_unlisted(path: str) -> bool:
    """Files which SHA256SUMS cannot list: itself and its signatures."""
    return path == SUMS or is_signature(path)


def render_sums(digests: Mapping[str, str]) -> str:
    """`digests` maps paths to hex sha256; lines are sorted bytewise by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests, key=str.encode))


def parse_sums(text: str) -> dict[str, str]:
    """Path → hex sha256; anything unexpected is a `BundleError` naming the line."""
    if not text.endswith("\n"):
        raise _invalid("it is empty or its last line is cut off")
    found: dict[str, str] = {}
    for number, line in enumerate(text[:-1].split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise _invalid(f"line {number} is not '<64 hex digits>  <path>': {line[:120]!r}")
        path = match["path"]
        if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
            raise _invalid(f"line {number} names a path that is not plainly inside the bundle: {path!r}")
        if path in found:
            raise _invalid(f"line {number} lists {path} a second time")
        if is_unlisted(path):
            raise _invalid(f"line {number} lists {path}, which cannot vouch for itself")
        found[path] = match["digest"]
    return found


def _invalid(reason: str) -> BundleError:
    return BundleError(
        f"{SUMS} is damaged: {reason}",
        code="checksums-malformed",
        hint="copy the bundle again from its source and verify it there first",
        details={"path": SUMS, "found": reason, "needed": "lines of sha256sum, each path once"},
    )


def compare_names(listed: Iterable[str], present: Iterable[str]) -> list[BundleError]:
    """Both directions: files that are listed but missing, files that are there but not listed."""
    wanted, there = set(listed), {path for path in present if not is_unlisted(path)}
    missing = [
        BundleError(
            f"the bundle lacks {path}",
            code="file-missing",
            hint="copy the bundle again from its source; the medium or the copy is incomplete",
            details={"path": path, "found": "no such file", "needed": f"the file that {SUMS} lists"},
        )
        for path in sorted(wanted - there)
    ]
    junk, unexplained = medium_junk.sort_out(there - wanted)
    extra = [
        BundleError(
            f"the bundle holds {kind.name}, which {SUMS} does not list: {kind.maker} makes such things by "
            f"itself ({len(kind.paths)} file(s), the first is {kind.paths[0]}); the bundle's own files are "
            "not touched by it",
            code="file-extra",
            hint=kind.hint,
            details={
                "path": kind.paths[0],
                "found": f"{len(kind.paths)} file(s) of {kind.maker}",
                "needed": "only files that the signed list names",
            },
        )
        for kind in junk
    ]
    extra += [
        BundleError(
            f"the bundle holds {path}, which {SUMS} does not list",
            code="file-extra",
            hint="nobody vouches for this file; find out who put it there, or copy the bundle again",
            details={"path": path, "found": "a file", "needed": "only files that the signed list names"},
        )
        for path in unexplained
    ]
    return missing + extra


def compare_digest(path: str, found: str, needed: str) -> BundleError | None:
    if found == needed:
        return None
    return BundleError(
        f"{path} is not the file that was signed",
        code="checksum-mismatch",
        hint="the medium is damaged or the file was changed: copy the bundle again and verify it",
        details={"path": path, "found": f"sha256:{found}", "needed": f"sha256:{needed}"},
    )


def compare_size(path: str, found: int, needed: int) -> BundleError | None:
    if found == needed:
        return None
    return BundleError(
        f"{path} has {found} bytes instead of {needed}",
        code="size-mismatch",
        hint="the medium is damaged or the copy is incomplete: copy the bundle again and verify it",
        details={"path": path, "found": found, "needed": needed},
    )
