"""dnf repositories as data: what a repomd.xml lists.

The parser reads structure only; whether the file may be believed is decided by its signature, elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from xml.etree import ElementTree

REPOMD = "repodata/repomd.xml"
SIGNATURE = f"{REPOMD}.asc"

# what dnf asks a repository for, as far as that lists it; a listed file that cannot be had stops dnf
_ASKED = ("primary", "filelists", "modules", "group", "group_gz", "updateinfo", "prestodelta")
_NAMESPACE = "{http://linux.duke.edu/metadata/repo}"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class MetadataFile:
    """One file of a repomd.xml; `path` is relative to the repository."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Repomd:
    date: datetime
    files: tuple[MetadataFile, ...]


def parse_repomd(data: bytes) -> Repomd:
    """The files that dnf asks for; raises ValueError when this is not a repomd.xml that can be used."""
    text = data.decode("utf-8")
    if "<!DOCTYPE" in text:
        raise ValueError("it defines a document type, which no repomd.xml does")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 (no document type, so no entities either)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is not XML: {error}") from None
    if root.tag != f"{_NAMESPACE}repomd":
        raise ValueError("it is not a repomd.xml")
    records = {one.get("type", ""): one for one in root.findall(f"{_NAMESPACE}data")}
    if "primary" not in records:
        raise ValueError("it lists no package list (primary)")
    asked = [one for kind, one in sorted(records.items()) if kind.removesuffix("_zck") in _ASKED]
    return Repomd(
        date=_date(max(_timestamp(one) for one in records.values())),
        files=tuple(_file(one) for one in asked),
    )


def path_inside(location: str) -> str:
    """A location as a plain path inside its repository."""
    path = PurePosixPath(location)
    if not location.isprintable() or "\\" in location:
        raise ValueError(f"the location {location!r:.80} is no plain name")
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"the location {location!r:.80} lies outside of the repository")
    return path.as_posix()


def _file(record: ElementTree.Element) -> MetadataFile:
    kind = record.get("type")
    location, checksum = record.find(f"{_NAMESPACE}location"), record.find(f"{_NAMESPACE}checksum")
    if location is None or checksum is None:
        raise ValueError(f"its record {kind} has no location or no checksum")
    if checksum.get("type") != "sha256" or not _SHA256.fullmatch(digest := _text(checksum)):
        raise ValueError(f"its record {kind} has no sha256 checksum, but one of type {checksum.get('type')}")
    size = int(_text(record.find(f"{_NAMESPACE}size")))
    if size < 0:
        raise ValueError(f"its record {kind} has the size {size}")
    return MetadataFile(path_inside(location.get("href", "")), digest, size)


def _timestamp(record: ElementTree.Element) -> float:
    return float(_text(record.find(f"{_NAMESPACE}timestamp")) or 0)


def _date(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, OSError):
        raise ValueError(f"its timestamp {seconds} is no date") from None


def _text(element: ElementTree.Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
