"""Say what a bundle holds, from its manifest; the signature is checked when a keyring is given."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.checksums import compare_digest
from graphistry_airgap.bundle.contents import (
    provenance_lines,
    sbom_lines,
    summarize_provenance,
    summarize_sbom,
)
from graphistry_airgap.bundle.descriptions import PROVENANCE, SBOM
from graphistry_airgap.bundle.manifest import MANIFEST, Bundle, Platform, parse_bundle
from graphistry_airgap.bundle.verify import verify_bundle
from graphistry_airgap.core.canonical import sha256_hex
from graphistry_airgap.core.result import Result
from graphistry_airgap.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graphistry_airgap.bundle.ports import BundleReader, CheckSignature
    from graphistry_airgap.bundle.trust.verdict import Verdict


def inspect_bundle(
    path: Path,
    keyring: Path | None = None,
    *,
    open_directory: Callable[[Path], BundleReader],
    check_signature: CheckSignature,
) -> Result:
    """A quick look; only `bundle verify` reads every byte."""
    verdict, reader = None, open_directory(path)
    if keyring is None:
        bundle = parse_bundle(reader.read(MANIFEST))
    else:
        verified = verify_bundle(
            path, keyring, open_directory=open_directory, check_signature=check_signature, read_all=False
        )
        bundle, verdict = verified.bundle, verified.signature
    contents, lines = descriptions(reader, bundle)
    return Result(data={**_summary(bundle, verdict), **contents}, messages=_messages(bundle, lines, verdict))


def descriptions(reader: BundleReader, bundle: Bundle) -> tuple[dict[str, Any], list[str]]:
    """Bill of materials and provenance, summed up; each is the file that bundle.json names."""
    found: dict[str, Any] = {}
    lines = []
    for key, name, summarize, tell in (
        ("contents", SBOM, summarize_sbom, sbom_lines),
        ("provenance", PROVENANCE, summarize_provenance, provenance_lines),
    ):
        if name not in bundle.files:
            found[key] = None
            lines.append(f"the bundle has no {name}: an older version of this tool built it")
            continue
        raw = reader.read(name)
        if wrong := compare_digest(name, sha256_hex(raw), bundle.files[name].sha256):
            raise wrong
        found[key] = summarize(raw)
        lines += tell(found[key])
    return found, lines


def _summary(bundle: Bundle, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "id": bundle.id,
        "created": bundle.created,
        "release": {"version": bundle.release.version, "cuda": bundle.release.cuda},
        "platforms": {name: _platform(platform, bundle) for name, platform in bundle.platforms.items()},
        "images": [
            {
                "name": image.name,
                "digest": image.manifest,
                "size": sum(layer.size for layer in image.layers),
                "unpacked_size": sum(layer.unpacked_size for layer in image.layers),
            }
            for image in bundle.images
        ],
        "files": len(bundle.files),
        "size": sum(file.size for file in bundle.files.values()),
        "licences": [asdict(one) for one in bundle.licences],
        "signature": verdict.as_dict() if verdict else None,
    }


def _platform(platform: Platform, bundle: Bundle) -> dict[str, Any]:
    return {
        "architecture": platform.architecture,
        "packages": {
            group: {"count": len(members), "size": _group_size(platform, group, bundle)}
            for group, members in platform.packages.items()
        },
        "assumed": list(platform.assumed),
        "driver": asdict(platform.driver) if platform.driver else None,
        "vgpu": asdict(platform.vgpu) if platform.vgpu else None,
    }


def _group_size(platform: Platform, group: str, bundle: Bundle) -> int:
    """Bytes of the group's files, named by name, version without epoch, and architecture."""
    form = "{}_{}_{}.deb" if platform.package_system == "apt" else "{}-{}.{}.rpm"
    wanted = {
        form.format(package.name, package.version.split(":", 1)[-1], package.architecture)
        for package in platform.packages[group]
    }
    roots = tuple(f"{repository.path}/" for repository in platform.repositories)
    return sum(
        file.size
        for path, file in bundle.files.items()
        if path.startswith(roots) and path.rsplit("/", 1)[-1] in wanted
    )


def _messages(bundle: Bundle, contents: list[str], verdict: Verdict | None) -> list[str]:
    size = sum(file.size for file in bundle.files.values())
    lines = [
        f"bundle {bundle.id}, made {bundle.created}",
        f"release {bundle.release.version} (CUDA {bundle.release.cuda}) for {', '.join(bundle.platforms)}",
        f"{len(bundle.images)} images, {len(bundle.files)} files, {size >> 20} MiB",
        *(line for platform in bundle.platforms.values() for line in _assumed_lines(platform)),
        *(line for platform in bundle.platforms.values() for line in _driver_lines(platform)),
        *contents,
        *(f"licence: {one.name}: {', '.join(one.concerns)}; {one.note}" for one in bundle.licences),
    ]
    # nobody has vouched for these words yet, and none of them may look like a line of ours
    lines = [one_line(line) for line in lines]
    if verdict is None:
        return [*lines, "the signature was not checked: name a keyring (--keyring), or use `bundle verify`"]
    return [*lines, *verdict.lines()]


def _assumed_lines(platform: Platform) -> Iterator[str]:
    if names := platform.assumed:
        yield f"{platform.name}: {len(names)} packages are not in it, its hosts have them: {', '.join(names)}"


def _driver_lines(platform: Platform) -> Iterator[str]:
    if driver := platform.driver:
        kernels = ", ".join(driver.kernels) or "no kernel"
        modules = " and ".join(driver.modules)
        yield f"{platform.name}: NVIDIA driver {driver.version}, {modules} modules, headers for {kernels}"
        for kind, ready in driver.prebuilt.items():
            yield f"{platform.name}: {kind} modules of it ready-made for {', '.join(ready)}"
    if vgpu := platform.vgpu:
        if vgpu.driver:
            yield f"{platform.name}: vGPU guest driver {vgpu.driver.version} (.{vgpu.driver.kind})"
        if vgpu.token:
            yield f"{platform.name}: HOLDS A LICENCE TOKEN; guard the bundle like the token itself"
