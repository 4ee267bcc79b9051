"""The spec: what a bundle should hold, as the operator wrote it (`*.bundle.yml`).

Relative paths are relative to the spec's directory.  The text as written is kept
beside each resolved path, because only that may travel into the lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graphistry_airgap.bundle.driver import KINDS
from graphistry_airgap.knowledge.platforms import PLATFORMS


@dataclass(frozen=True)
class PinnedPath:
    """A file or directory beside the spec, and the sha256 that it must have."""

    written: str
    path: Path
    sha256: str | None


@dataclass(frozen=True)
class NamedPath:
    """A file of this machine whose content decides something but does not travel."""

    written: str
    path: Path


@dataclass(frozen=True)
class RepositorySpec:
    """One repository; `written_uri` is the spec's text, `uri` what can be fetched, `keys` files with keys.

    Suite, components and expiry are apt's, the word on signed metadata is dnf's.  `sha1_keys`: whether the
    platform's hosts take keys that are certified by SHA-1 alone.
    """

    name: str
    written_uri: str
    uri: str
    keys: tuple[Path, ...]
    suite: str = ""
    components: tuple[str, ...] = ()
    allow_expired: bool = False
    metadata_signed: bool = True
    sha1_keys: bool = True


@dataclass(frozen=True)
class DriverSpec:
    """NVIDIA's driver from the repositories: one branch, its modules, the kernels that it is for.

    `origin` is the vendor, where repositories of several have the branch.
    """

    branch: str
    modules: tuple[str, ...]
    kernels: tuple[str, ...]
    waive: tuple[str, ...]
    origin: str = ""


@dataclass(frozen=True)
class VgpuSpec:
    """What an operator got from NVIDIA's licensing portal for guests with a vGPU."""

    driver: PinnedPath | None
    token: PinnedPath | None
    kernels: tuple[str, ...]
    waive: tuple[str, ...]


@dataclass(frozen=True)
class InterpreterSpec:
    """The archive of a relocatable CPython for the tool alone, and the version that it must have."""

    file: PinnedPath
    version: str


@dataclass(frozen=True)
class PlatformSpec:
    """`modules` are the module streams that dnf shall enable, `kernels` those of the hosts."""

    repositories: tuple[RepositorySpec, ...]
    profiles: tuple[NamedPath, ...]
    driver: DriverSpec | None
    vgpu: VgpuSpec | None
    modules: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    interpreter: InterpreterSpec | None = None


@dataclass(frozen=True)
class Spec:
    release: PinnedPath
    platforms: dict[str, PlatformSpec]


def parse_spec(document: dict[str, Any], base: Path) -> Spec:
    """Turn a document that passed the schema into a `Spec`."""
    return Spec(
        release=_pinned(document["release"], base),
        platforms={
            name: PlatformSpec(
                repositories=tuple(
                    _repository(entry, base, sha1_keys=PLATFORMS[name].sha1_keys)
                    for entry in platform["repositories"]
                ),
                profiles=tuple(
                    NamedPath(text, _resolve(text, base)) for text in platform.get("profiles", ())
                ),
                driver=_driver(platform["driver"]) if "driver" in platform else None,
                vgpu=_vgpu(platform["vgpu"], base) if "vgpu" in platform else None,
                modules=tuple(platform.get("modules", ())),
                kernels=tuple(platform.get("kernels", ())),
                interpreter=_interpreter(platform.get("interpreter"), base),
            )
            for name, platform in sorted(document["platforms"].items())
        },
    )


def repeated_names(spec: Spec) -> list[str]:
    """Repository names used twice on one platform, as paths into the spec."""
    found = []
    for platform, wanted in spec.platforms.items():
        names = [repository.name for repository in wanted.repositories]
        found += [
            f"platforms.{platform}.repositories[{index}].name"
            for index, name in enumerate(names)
            if name in names[:index]
        ]
    return found


def _repository(entry: dict[str, Any], base: Path, *, sha1_keys: bool) -> RepositorySpec:
    uri = entry["uri"].rstrip("/")
    return RepositorySpec(
        name=entry["name"],
        written_uri=uri,
        uri=_file_uri(uri, base) if uri.startswith("file:") else uri,
        keys=tuple(_resolve(path, base) for path in entry.get("gpg_keys") or [entry["signed_by"]]),
        suite=entry.get("suite", ""),
        components=tuple(entry.get("components", ())),
        allow_expired=entry.get("allow_expired", False),
        metadata_signed=entry.get("metadata_signed", True),
        sha1_keys=sha1_keys,
    )


def _driver(entry: dict[str, Any]) -> DriverSpec:
    return DriverSpec(
        branch=entry["branch"],
        modules=tuple(entry.get("modules", KINDS)),
        kernels=tuple(entry.get("kernels", ())),
        waive=tuple(entry.get("waive", ())),
        origin=entry.get("origin", ""),
    )


def _vgpu(entry: dict[str, Any], base: Path) -> VgpuSpec:
    return VgpuSpec(
        driver=_pinned(entry["driver"], base) if "driver" in entry else None,
        token=_pinned(entry["token"], base) if "token" in entry else None,
        kernels=tuple(entry.get("kernels", ())),
        waive=tuple(entry.get("waive", ())),
    )


def _interpreter(entry: dict[str, Any] | None, base: Path) -> InterpreterSpec | None:
    return InterpreterSpec(_pinned(entry, base), entry["version"]) if entry else None


def _pinned(entry: dict[str, Any], base: Path) -> PinnedPath:
    return PinnedPath(entry["path"], _resolve(entry["path"], base), entry.get("sha256"))


def _file_uri(uri: str, base: Path) -> str:
    return "file:" + quote(str(_resolve(uri.removeprefix("file:").removeprefix("//"), base)))


def _resolve(text: str, base: Path) -> Path:
    return (base / Path(text).expanduser()).absolute()
