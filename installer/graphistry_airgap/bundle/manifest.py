"""bundle.json as values: what a bundle says it holds.

Reading it is the first thing after the signature, so a manifest that is newer than this tool, or that does
not have the expected shape, ends here with a bundle error and never later with a traceback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphistry_airgap.bundle.driver import Driver, Licence, Vgpu, missing_parts
from graphistry_airgap.bundle.images import Layer
from graphistry_airgap.bundle.values import NAME
from graphistry_airgap.core.errors import BundleError
from graphistry_airgap.core.strict_json import JsonError, load_json
from graphistry_airgap.knowledge.formats import difference

MANIFEST = "bundle.json"
SCHEMA = 1
FORMAT = "bundle-v1"
LAYOUT = "images"


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
    _refuse_newer(document)
    if wrong := difference(document, FORMAT) or _contradiction(document):
        raise _malformed(wrong)
    return _bundle(document)


def is_release_version(text: str) -> bool:
    """Whether a release's VERSION can name its directory on a host."""
    return NAME.fullmatch(text) is not None


def is_file_name(text: str) -> bool:
    """Whether a file of the operator can have this name in a bundle."""
    return NAME.fullmatch(text) is not None


def _refuse_newer(document: Any) -> None:
    """Before anything else: the keys of a later version are its own."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, int) or schema <= SCHEMA:
        return
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


def _contradiction(document: dict[str, Any]) -> str:
    """What each key may say and the document as a whole may not; empty when it does not."""
    files = document["files"]
    for platform in document["platforms"].values():
        for one in platform["repositories"]:
            for key in (one["signed_by"], *one.get("package_keys", ())):
                if key not in files:
                    return f"the keyring {key} of a repository is not among its files"
        for path in Vgpu.from_entry(platform.get("vgpu", {})).paths:
            if path not in files:
                return f"the vGPU file {path} is not among its files"
        listed = {(one["name"], one["version"]) for group in platform["packages"].values() for one in group}
        for one in platform.get("assumed", ()):
            if (one["name"], one["version"]) not in listed:
                return f"the assumed package {one['name']!r:.80} is in none of its package groups"
        if "driver" in platform and (absent := missing_parts(platform["driver"], platform["packages"])):
            return absent
    return ""


def _bundle(document: dict[str, Any]) -> Bundle:
    release = document["release"]
    return Bundle(
        id=document["id"],
        created=document["created"],
        release=Release(release["version"], release["cuda"], release["path"]),
        platforms={name: _platform(name, value) for name, value in document["platforms"].items()},
        images=tuple(_image(value) for value in document["images"]),
        files={path: File(one["size"], one["sha256"]) for path, one in document["files"].items()},
        licences=tuple(Licence.from_entry(one) for one in document.get("licences", ())),
        raw=document,
    )


def _platform(name: str, value: dict[str, Any]) -> Platform:
    return Platform(
        name=name,
        architecture=value["architecture"],
        repositories=tuple(_repository(one) for one in value["repositories"]),
        packages={
            group: tuple(Package(one["name"], one["version"], one["architecture"]) for one in members)
            for group, members in value["packages"].items()
        },
        runtime=value["runtime"],
        assumed=tuple(one["name"] for one in value.get("assumed", ())),
        driver=Driver.from_entry(value["driver"]) if "driver" in value else None,
        vgpu=Vgpu.from_entry(value["vgpu"]) if "vgpu" in value else None,
        package_system=value.get("package_system", "apt"),
        modules=tuple(value.get("modules", ())),
    )


def _repository(value: dict[str, Any]) -> Repository:
    return Repository(
        name=value["name"],
        path=value["path"],
        signed_by=value["signed_by"],
        suite=value.get("suite", ""),
        components=tuple(value.get("components", ())),
        package_keys=tuple(value.get("package_keys", ())),
        metadata_signed=value.get("metadata_signed", True),
    )


def _image(value: dict[str, Any]) -> Image:
    manifest = value["manifest"]
    return Image(
        name=value["name"],
        manifest=manifest["digest"],
        manifest_size=manifest["size"],
        media_type=manifest["media_type"],
        config=value["config"],
        layers=tuple(
            Layer(one["digest"], one["size"], one["diff_id"], one["unpacked_size"]) for one in value["layers"]
        ),
    )
