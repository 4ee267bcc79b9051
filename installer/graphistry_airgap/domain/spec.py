"""The spec: what a bundle should hold, as the operator wrote it (`*.bundle.yml`).

Relative paths are relative to the spec's directory.  The text as written is kept
beside each resolved path, because only that may travel into the lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class ReleaseSpec:
    written: str
    path: Path
    sha256: str | None


@dataclass(frozen=True)
class RepositorySpec:
    """One apt repository; `written_uri` is the spec's text, `uri` what can be fetched."""

    name: str
    written_uri: str
    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: Path
    allow_expired: bool


@dataclass(frozen=True)
class Spec:
    release: ReleaseSpec
    platforms: dict[str, tuple[RepositorySpec, ...]]


def parse_spec(document: dict[str, Any], base: Path) -> Spec:
    """Turn a document that passed the schema into a `Spec`."""
    release = document["release"]
    return Spec(
        release=ReleaseSpec(release["path"], _resolve(release["path"], base), release.get("sha256")),
        platforms={
            name: tuple(_repository(entry, base) for entry in platform["repositories"])
            for name, platform in sorted(document["platforms"].items())
        },
    )


def repeated_names(spec: Spec) -> list[str]:
    """Repository names used twice on one platform, as paths into the spec."""
    found = []
    for platform, repositories in spec.platforms.items():
        names = [repository.name for repository in repositories]
        found += [
            f"platforms.{platform}.repositories[{index}].name"
            for index, name in enumerate(names)
            if name in names[:index]
        ]
    return found


def _repository(entry: dict[str, Any], base: Path) -> RepositorySpec:
    uri = entry["uri"].rstrip("/")
    return RepositorySpec(
        name=entry["name"],
        written_uri=uri,
        uri=_file_uri(uri, base) if uri.startswith("file:") else uri,
        suite=entry["suite"],
        components=tuple(entry.get("components", ())),
        signed_by=_resolve(entry["signed_by"], base),
        allow_expired=entry.get("allow_expired", False),
    )


def _file_uri(uri: str, base: Path) -> str:
    return "file:" + quote(str(_resolve(uri.removeprefix("file:").removeprefix("//"), base)))


def _resolve(text: str, base: Path) -> Path:
    return (base / Path(text).expanduser()).absolute()
