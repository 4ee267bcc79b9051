"""bundle.json as values: what a bundle says it holds.

Reading it is the first thing after the signature, so a manifest that is newer than this tool, or that does
not have the expected shape, ends here with a bundle error and never later with a traceback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.domain.bundle_driver import (
    Licence,
    Vgpu,
    parse_driver,
    parse_licence,
    parse_vgpu,
)
from graphistry_airgap.domain.bundle_values import (
    NAME,
    SUITE,
    VERSION,
    WORD,
    digest,
    inside,
    like,
    one_of,
    size,
    text,
    truth,
)
from graphistry_airgap.domain.errors import BundleError
from graphistry_airgap.domain.images import Layer
from graphistry_airgap.domain.strict_json import JsonError, load_json

if TYPE_CHECKING:
    from graphistry_airgap.domain.driver import Driver

MANIFEST = "bundle.json"
SCHEMA = 1
LAYOUT = "images"

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
    """A partial mirror: the vendor's own metadata, mostly signed, and the needed part of the pool.

    Suite and components are apt's, package keys and the word on signed metadata dnf's.
    """

    name: str
    path: str
    signed_by: str
    suite: str = ""
    components: tuple[str, ...] = ()
    package_keys: tuple[str, ...] = ()
    metadata_signed: bool = True


@dataclass(frozen=True)
class Platform:
    name: str
    architecture: str
    repositories: tuple[Repository, ...]
    packages: dict[str, tuple[Package, ...]]
    runtime: str
    assumed: tuple[str, ...] = ()
    driver: Driver | None = None
    vgpu: Vgpu | None = None
    package_system: str = "apt"
    modules: tuple[str, ...] = ()


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
    licences: tuple[Licence, ...]
    raw: dict[str, Any]


def blob_path(digest: str) -> str:
    """Where a blob lies in the bundle; `digest` is `sha256:<hex>`."""
    return f"{LAYOUT}/blobs/sha256/{digest.removeprefix('sha256:')}"


def parse_bundle(raw: bytes) -> Bundle:
    """Parse bundle.json; every deviation is a `BundleError` that names it."""
    try:
        document = load_json(raw)
    except JsonError as error:
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
    return NAME.fullmatch(text) is not None


def is_file_name(text: str) -> bool:
    """Whether a file of the operator can have this name in a bundle."""
    return NAME.fullmatch(text) is not None


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
    if not isinstance(document["images"], list):
        raise ValueError("its images are no list")
    for path in release.get("empty_directories", []):
        inside(path)
    bundle = Bundle(
        id=text(document["id"]),
        created=text(document["created"]),
        release=Release(like(NAME, release["version"]), text(release["cuda"]), inside(release["path"])),
        platforms={like(NAME, name): _platform(name, value) for name, value in document["platforms"].items()},
        images=tuple(_image(value) for value in document["images"]),
        files={inside(path): _file(one) for path, one in document["files"].items()},
        licences=tuple(parse_licence(one) for one in document.get("licences", ())),
        raw=document,
    )
    keys = {
        key
        for platform in bundle.platforms.values()
        for one in platform.repositories
        for key in (one.signed_by, *one.package_keys)
    }
    if absent := sorted(keys - bundle.files.keys()):
        raise ValueError(f"the keyring {absent[0]} of a repository is not among its files")
    carried = {
        path for platform in bundle.platforms.values() if platform.vgpu for path in platform.vgpu.paths
    }
    if absent := sorted(carried - bundle.files.keys()):
        raise ValueError(f"the vGPU file {absent[0]} is not among its files")
    return bundle


def _file(value: dict[str, Any]) -> File:
    like(_MODE, value.get("mode", "0644"))
    return File(size(value["size"]), text(value["sha256"]))


def _apt_repository(value: dict[str, Any]) -> Repository:
    return Repository(
        name=like(NAME, value["name"]),
        path=inside(value["path"]),
        suite=like(SUITE, value["suite"]),
        components=tuple(like(WORD, part) for part in value["components"]),
        signed_by=inside(value["signed_by"]),
    )


def _dnf_repository(value: dict[str, Any]) -> Repository:
    return Repository(
        name=like(NAME, value["name"]),
        path=inside(value["path"]),
        signed_by=inside(value["signed_by"]),
        package_keys=tuple(inside(path) for path in value["package_keys"]),
        metadata_signed=truth(value["metadata_signed"]),
    )


_REPOSITORIES = {"apt": _apt_repository, "dnf": _dnf_repository}


def _platform(name: str, value: dict[str, Any]) -> Platform:
    package_system = one_of(tuple(_REPOSITORIES), value.get("package_system", "apt"))
    return Platform(
        name=name,
        architecture=text(value["architecture"]),
        repositories=tuple(_REPOSITORIES[package_system](one) for one in value["repositories"]),
        packages={
            like(NAME, group): tuple(
                Package(
                    like(NAME, one["name"]),
                    like(VERSION, one["version"]),
                    like(NAME, one["architecture"]),
                )
                for one in members
            )
            for group, members in value["packages"].items()
        },
        runtime=inside(value["runtime"]),
        assumed=_assumed(value),
        driver=parse_driver(value["driver"], value["packages"]) if "driver" in value else None,
        vgpu=parse_vgpu(value["vgpu"]) if "vgpu" in value else None,
        package_system=package_system,
        modules=tuple(like(VERSION, one) for one in value.get("modules", ())),
    )


def _assumed(value: dict[str, Any]) -> tuple[str, ...]:
    """Names of packages that hosts must have; their versions stand in the groups."""
    listed = {(one["name"], one["version"]) for members in value["packages"].values() for one in members}
    found = [(text(one["name"]), text(one["version"])) for one in value.get("assumed", ())]
    if unknown := [name for name, version in found if (name, version) not in listed]:
        raise ValueError(f"the assumed package {unknown[0]!r:.80} is in none of its package groups")
    return tuple(name for name, _ in found)


def _image(value: dict[str, Any]) -> Image:
    manifest = value["manifest"]
    return Image(
        name=text(value["name"]),
        manifest=digest(manifest["digest"]),
        manifest_size=size(manifest["size"]),
        media_type=text(manifest["media_type"]),
        config=digest(value["config"]),
        layers=tuple(
            Layer(
                digest(one["digest"]),
                size(one["size"]),
                digest(one["diff_id"]),
                size(one["unpacked_size"]),
            )
            for one in value["layers"]
        ),
    )
