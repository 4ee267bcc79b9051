"""Open a bundle: signature, then names in both directions, then sizes, then every byte.

A thorough look names every bad file at once.  A quick one (for a host that has the bundle's result already)
checks signature, names and sizes and hashes only what steers the run; the mode says which of the two it was.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.checksums import (
    SUMS,
    compare_digest,
    compare_names,
    compare_size,
    is_signature,
    parse_sums,
)
from graphistry_airgap.bundle.manifest import LAYOUT, MANIFEST, Bundle, Image, blob_path, parse_bundle
from graphistry_airgap.bundle.trust.verdict import require_signers
from graphistry_airgap.core.errors import AirgapError, BundleError, FindingsError
from graphistry_airgap.core.result import Result
from graphistry_airgap.core.strict_json import JsonError, load_json
from graphistry_airgap.target.host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from graphistry_airgap.bundle.ports import BundleReader, CheckSignature
    from graphistry_airgap.bundle.trust.verdict import Verdict

ALL_BYTES = "all bytes"
NAMES_AND_SIZES = "names and sizes"

_STEERING = (MANIFEST, "install.sh")
_LARGEST_SIGNATURE = 64 << 10
# each costs a process
_MOST_SIGNATURES = 32


@dataclass(frozen=True)
class VerifiedBundle:
    """A bundle whose signed list, names and sizes hold; `mode` says whether every byte was read."""

    path: Path
    bundle: Bundle
    signature: Verdict
    mode: str
    sums: dict[str, str]
    sums_sha256: str
    size: int


def verify_bundle(
    path: Path,
    keyring: Path | None,
    *,
    open_directory: Callable[[Path], BundleReader],
    check_signature: CheckSignature,
    allow_unsigned: bool = False,
    signers_needed: int = 0,
    read_all: bool = True,
    progress: Callable[[str], None] | None = None,
) -> VerifiedBundle:
    reader = open_directory(path)
    present = reader.files()
    raw = reader.read(SUMS)
    verdict = check_signature(
        raw,
        _signatures(reader, present),
        bundle=reader.path,
        keyring=keyring,
        allow_unsigned=allow_unsigned,
    )
    # before minutes are spent on a bundle that is refused
    require_signers(verdict, signers_needed)
    sums = parse_sums(raw.decode("utf-8", "replace"))
    there = [name for name in sums if name in present]
    problems: list[AirgapError] = [*compare_names(sums, present)]
    bundle = _read_manifest(reader, sums, problems) if MANIFEST in there else None
    sound = _check_sizes(bundle, there, present, problems) if bundle else there
    to_read = sound if read_all else [name for name in _STEERING if name in sound]
    problems += _hash(reader, {name: sums[name] for name in to_read if name != MANIFEST}, present, progress)
    if bundle and not problems:
        problems += _check_images(reader, bundle, sums)
    if problems or bundle is None:
        raise FindingsError(problems)
    return VerifiedBundle(
        path=reader.path,
        bundle=bundle,
        signature=verdict,
        mode=ALL_BYTES if read_all else NAMES_AND_SIZES,
        sums=sums,
        sums_sha256=sha256(raw).hexdigest(),
        size=sum(present.values()),
    )


def verification_result(verified: VerifiedBundle) -> Result:
    """What `bundle verify` reports about a bundle that holds."""
    data = {
        "path": str(verified.path),
        "id": verified.bundle.id,
        "release": verified.bundle.release.version,
        "files": len(verified.sums),
        "size": verified.size,
        "mode": verified.mode,
        "signature": verified.signature.as_dict(),
    }
    messages = [
        f"the bundle holds: {len(verified.sums)} files, {verified.size} bytes, checked: {verified.mode}",
        *verified.signature.lines(),
    ]
    return Result(data=data, messages=messages)


def _signatures(reader: BundleReader, present: dict[str, int]) -> dict[str, bytes]:
    names = sorted(filter(is_signature, present))
    if len(names) > _MOST_SIGNATURES:
        raise BundleError(
            f"the bundle carries {len(names)} signatures, more than {_MOST_SIGNATURES}",
            code="too-many-signatures",
            hint="remove those whose signers nobody asks for",
            details={"found": len(names), "needed": f"at most {_MOST_SIGNATURES}"},
        )
    for name in names:
        if present[name] > _LARGEST_SIGNATURE:
            raise BundleError(
                f"{name} is larger than {_LARGEST_SIGNATURE >> 10} KiB, which no signature is",
                code="file-too-large",
                hint="copy the bundle again from its source and verify it there first",
                details={"path": name, "found": present[name], "needed": f"at most {_LARGEST_SIGNATURE}"},
            )
    return {name: reader.read(name) for name in names}


def _read_manifest(reader: BundleReader, sums: dict[str, str], problems: list[AirgapError]) -> Bundle | None:
    """bundle.json is hashed before it is parsed; what it says about files must be what was signed."""
    raw = reader.read(MANIFEST)
    if wrong := compare_digest(MANIFEST, sha256(raw).hexdigest(), sums[MANIFEST]):
        problems.append(wrong)
        return None
    bundle = parse_bundle(raw)
    listed = {name: digest for name, digest in sums.items() if name != MANIFEST}
    stated = {name: file.sha256 for name, file in bundle.files.items()}
    problems += [
        _inconsistent(name, f"{MANIFEST} says {stated.get(name)}", f"{SUMS} says {listed.get(name)}")
        for name in sorted(listed.keys() | stated.keys())
        if listed.get(name) != stated.get(name)
    ]
    return bundle


def _inconsistent(path: str, found: str, needed: str) -> BundleError:
    return BundleError(
        f"the bundle contradicts itself about {path}: {found}; {needed}",
        code="bundle-inconsistent",
        hint="the bundle was not made by `bundle build` or was changed before it was signed: build it again",
        details={"path": path, "found": found, "needed": needed},
    )


def _check_sizes(
    bundle: Bundle, there: list[str], present: dict[str, int], problems: list[AirgapError]
) -> list[str]:
    """Files worth hashing: those whose size is right."""
    sound = []
    for name in there:
        file = bundle.files.get(name)
        if file and (wrong := compare_size(name, present[name], file.size)):
            problems.append(wrong)
        else:
            sound.append(name)
    return sound


def _hash(
    reader: BundleReader,
    wanted: dict[str, str],
    sizes: dict[str, int],
    progress: Callable[[str], None] | None,
) -> list[AirgapError]:
    def check(name: str) -> AirgapError | None:
        try:
            return compare_digest(name, reader.digest(name), wanted[name])
        except BundleError as error:
            return error

    names = sorted(wanted, key=lambda name: -sizes[name])  # big files first keep all cores busy to the end
    total, done, told = sum(sizes[name] for name in names), 0, 0
    problems = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for name, problem in zip(names, pool.map(check, names), strict=True):
            if problem:
                problems.append(problem)
            done += sizes[name]
            if progress and total and done * 10 // total > told:
                told = done * 10 // total
                progress(f"bundle: {told * 10} % of {total >> 20} MiB read")
    return sorted(problems, key=lambda error: str(error.details.get("path")))


def _check_images(reader: BundleReader, bundle: Bundle, sums: dict[str, str]) -> list[AirgapError]:
    """What bundle.json says about images is what the signed layout holds."""
    index = _json(reader, f"{LAYOUT}/index.json", sums) if bundle.images else {}
    manifests = index.get("manifests")
    entries = manifests if isinstance(manifests, list) else []
    listed = [entry.get("digest") for entry in entries if isinstance(entry, dict)]
    problems: list[AirgapError] = []
    for image in bundle.images:
        if image.manifest not in listed:
            problems.append(
                _inconsistent(f"{LAYOUT}/index.json", f"no {image.manifest}", f"image {image.name}")
            )
        absent = [digest for digest in image.blobs() if sums.get(blob_path(digest)) != digest[7:]]
        problems += [
            _inconsistent(blob_path(digest), "not listed", f"image {image.name}") for digest in absent
        ]
        if not absent:
            problems += _check_manifest(_json(reader, blob_path(image.manifest), sums), image)
    return problems


def _check_manifest(manifest: dict[str, Any], image: Image) -> Iterable[AirgapError]:
    try:
        inside = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    except (KeyError, TypeError):
        inside = ["nothing readable"]
    stated = image.blobs()[1:]
    if inside != stated:
        found, needed = ", ".join(map(str, inside)), ", ".join(stated)
        yield _inconsistent(blob_path(image.manifest), f"it names {found}", f"image {image.name} is {needed}")


def _json(reader: BundleReader, path: str, sums: dict[str, str]) -> dict[str, Any]:
    """A small signed JSON file; hashed here too, because a quick look has not read it yet."""
    if path not in sums:
        raise _inconsistent(path, "not listed", f"{MANIFEST} names images")
    raw = reader.read(path)
    if wrong := compare_digest(path, sha256(raw).hexdigest(), sums[path]):
        raise wrong
    try:
        document = load_json(raw)
    except JsonError:
        document = None
    if not isinstance(document, dict):
        raise _inconsistent(path, "no JSON object", "an image layout")
    return document
