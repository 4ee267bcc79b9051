"""bundle.json as values: what a bundle says it holds.

Reading it is the first thing after the signature, so a manifest that is newer than this tool, or that does
not have the expected shape, ends here with a bundle error and never later with a traceback.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from graphistry_airgap.domain.errors import BundleError
from graphistry_airgap.domain.images import Layer

MANIFEST = "bundle.json"
SCHEMA = 1
LAYOUT = "images"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# these become parts of paths, of files that apt reads, or of argument lists
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_/-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_~:-]*")
_MODE = re.compile(r"0?[0-7]{3}")


@dataclass(frozen=True)
class File:
    size: int
    sha256: str


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    architecture: str


@dataclass(frozen=True)
class Repository:
    """A partial mirror: the vendor's own signed metadata and the needed part of the pool."""

    name: str
    path: str
    suite: str
    components: tuple[str, ...]
    signed_by: str


@dataclass(frozen=True)
class Platform:
    name: str
    architecture: str
    repositories: tuple[Repository, ...]
    packages: dict[str, tuple[Package, ...]]
    runtime: str


@dataclass(frozen=True)
class Image:
    name: str
    manifest: str
    manifest_size: int
    media_type: str
    config: str
    layers: tuple[Layer, ...]

    def blobs(self) -> list[str]:
        """Digests of everything a daemon fetches for this image."""
        return [self.manifest, self.config, *(layer.digest for layer in self.layers)]


@dataclass(frozen=True)
class Release:
    version: str
    cuda: str
    path: str


@dataclass(frozen=True)
class Bundle:
    id: str
    created: str
    release: Release
    platforms: dict[str, Platform]
    images: tuple[Image, ...]
    files: dict[str, File]
    raw: dict[str, Any]


def blob_path(digest: str) -> str:
    """Where a blob lies in the bundle; `digest` is `sha256:<hex>`."""
    return f"{LAYOUT}/blobs/sha256/{digest.removeprefix('sha256:')}"


def parse_bundle(raw: bytes) -> Bundle:
    """Parse bundle.json; every deviation is a `BundleError` that names it."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _malformed("it is not a JSON object")
    _check_schema(document)
    try:
        return _bundle(document)
    except KeyError as error:
        raise _malformed(f"the key {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise _malformed(str(error)) from error


def is_release_version(text: str) -> bool:
    """Whether a release's VERSION can name its directory on a host."""
    return _NAME.fullmatch(text) is not None


def _check_schema(document: dict[str, Any]) -> None:
    schema = document.get("schema")
    if schema == SCHEMA:
        return
    if not isinstance(schema, int) or schema < SCHEMA:
        raise _malformed(f"its schema version is {schema!r}")
    tool = document.get("tool")
    minimum, reason = "a newer one", ""
    if isinstance(tool, dict):
        minimum, reason = str(tool.get("minimum", minimum)), str(tool.get("reason", ""))
    raise BundleError(
        f"the bundle has schema version {schema}, this tool knows {SCHEMA}"
        + (f" ({reason})" if reason else ""),
        code="bundle-too-new",
        hint=f"use graphistry-airgap {minimum} or newer; the bundle's install.sh brings one",
        details={
            "path": MANIFEST,
            "found": schema,
            "needed": SCHEMA,
            "minimum_tool": minimum,
            "reason": reason,
        },
    )


def _malformed(reason: str) -> BundleError:
    return BundleError(
        f"{MANIFEST} is damaged: {reason}",
        code="bundle-malformed",
        hint="build the bundle again; if it was copied, verify it at its source first",
        details={"path": MANIFEST, "found": reason, "needed": f"a manifest of schema version {SCHEMA}"},
    )


def _bundle(document: dict[str, Any]) -> Bundle:
    release = document["release"]
    for path in release.get("empty_directories", []):
        _inside(path)
    bundle = Bundle(
        id=_text(document["id"]),
        created=_text(document["created"]),
        release=Release(_like(_NAME, release["version"]), _text(release["cuda"]), _inside(release["path"])),
        platforms={
            _like(_NAME, name): _platform(name, value) for name, value in document["platforms"].items()
        },
        images=tuple(_image(value) for value in document["images"]),
        files={_inside(path): _file(one) for path, one in document["files"].items()},
        raw=document,
    )
    keys = {one.signed_by for platform in bundle.platforms.values() for one in platform.repositories}
    if absent := sorted(keys - bundle.files.keys()):
        raise ValueError(f"the keyring {absent[0]} of a repository is not among its files")
    return bundle


def _file(value: dict[str, Any]) -> File:
    _like(_MODE, value.get("mode", "0644"))
    return File(_size(value["size"]), _text(value["sha256"]))


def _platform(name: str, value: dict[str, Any]) -> Platform:
    return Platform(
        name=name,
        architecture=_text(value["architecture"]),
        repositories=tuple(
            Repository(
                name=_like(_NAME, one["name"]),
                path=_inside(one["path"]),
                suite=_like(_WORD, one["suite"]),
                components=tuple(_like(_WORD, part) for part in one["components"]),
                signed_by=_inside(one["signed_by"]),
            )
            for one in value["repositories"]
        ),
        packages={
            group: tuple(
                Package(
                    _like(_NAME, one["name"]),
                    _like(_VERSION, one["version"]),
                    _like(_NAME, one["architecture"]),
                )
                for one in members
            )
            for group, members in value["packages"].items()
        },
        runtime=_inside(value["runtime"]),
    )


def _image(value: dict[str, Any]) -> Image:
    manifest = value["manifest"]
    return Image(
        name=_text(value["name"]),
        manifest=_digest(manifest["digest"]),
        manifest_size=_size(manifest["size"]),
        media_type=_text(manifest["media_type"]),
        config=_digest(value["config"]),
        layers=tuple(
            Layer(
                _digest(one["digest"]),
                _size(one["size"]),
                _digest(one["diff_id"]),
                _size(one["unpacked_size"]),
            )
            for one in value["layers"]
        ),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected where {value!r:.80} stands")
    return value


def _like(pattern: re.Pattern[str], value: Any) -> str:
    text = _text(value)
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r:.80} has characters that do not belong there")
    return text


def _inside(value: Any) -> str:
    """A path that is plainly inside the bundle; an unsigned manifest must not reach out of it either."""
    path = _text(value)
    if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"a path inside the bundle was expected where {path!r} stands")
    return path


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"a size was expected where {value!r:.80} stands")
    return value


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError(f"a digest (sha256:<64 hex digits>) was expected where {value!r:.80} stands")
    return value
