"""Build a bundle: resolve, lock, fetch, assemble, checksum, sign.

What can fail because of the input is tried first (spec, key, release, package
resolution); then packages, images and wheels are brought in side by side; only a
complete bundle gets its name.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle import checksums, layout
from graphistry_airgap.bundle.checksums import SIGNATURE, SUMS, render_sums
from graphistry_airgap.bundle.layout import Piece, bytes_piece
from graphistry_airgap.bundle.manifest import MANIFEST
from graphistry_airgap.connected.assembly import Content
from graphistry_airgap.connected.describe.describe import build_record, record_path, unread_notes
from graphistry_airgap.connected.dry_run import closures_result
from graphistry_airgap.connected.images.compression import layer_compression
from graphistry_airgap.connected.render_manifest import render_manifest
from graphistry_airgap.core.canonical import sha256_hex
from graphistry_airgap.core.errors import InputError, StageError
from graphistry_airgap.core.result import Result
from graphistry_airgap.knowledge.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from graphistry_airgap.bundle.images import Image
    from graphistry_airgap.connected import ports
    from graphistry_airgap.connected.describe.describe import DescribeBundle
    from graphistry_airgap.connected.describe.sbom import Sbom
    from graphistry_airgap.connected.resolve import Resolve, Resolved
    from graphistry_airgap.connected.spec import Spec
    from graphistry_airgap.knowledge.platforms import PackageSystem

DOWNLOADS = 4
# SHA256SUMS, its signatures, and room for further signers
_UNLISTED = 100


@dataclass(frozen=True)
class BuildRequest:
    """Without an output it is a dry run."""

    spec: Path
    output: Path | None
    cache: Path
    sign_key: str | None = None
    offline: bool = False
    trust_on_first_use: bool = False


class BuildBundle:
    def __init__(
        self,
        *,
        read_spec: ports.ReadSpec,
        resolve: Resolve,
        packages: Mapping[PackageSystem, ports.Packages],
        images: ports.Images,
        runtimes: ports.Runtimes,
        blobs: ports.Blobs,
        writer: ports.Writer,
        signer: ports.Signer,
        describe: DescribeBundle,
        save_record: Callable[[Path, dict[str, Any]], None],
        installer: bytes,
        packages_sh: Callable[[PackageSystem], bytes],
    ) -> None:
        self.read_spec = read_spec
        self.resolve = resolve
        self.packages = packages
        self.images = images
        self.runtimes = runtimes
        self.blobs = blobs
        self.writer = writer
        self.signer = signer
        self.describe = describe
        self.save_record = save_record
        self.installer = installer
        self.packages_sh = packages_sh

    def run(self, request: BuildRequest, *, progress: Callable[[str], None]) -> Result:
        """Build the bundle that the request's spec describes; of a dry run, tell its packages alone."""
        progress = _one_at_a_time(progress)
        with _files_at_hand():
            if request.output is not None:
                return self._build(request, request.output, progress)
            resolved = self.resolve(
                self.read_spec(request.spec), trust_on_first_use=request.trust_on_first_use, progress=progress
            )
            return closures_result(resolved.closures, resolved.notes)

    def _build(self, request: BuildRequest, output: Path, progress: Callable[[str], None]) -> Result:
        begun, started = time.time(), time.monotonic()
        self.writer.check(output)
        self.describe.check()
        spec = self.read_spec(request.spec)
        written = request.spec.name, sha256_hex(request.spec.read_bytes())
        key = self.signer.fingerprint(request.sign_key) if request.sign_key else None
        resolved = self.resolve(spec, trust_on_first_use=request.trust_on_first_use, progress=progress)
        content = self._fetch(spec, resolved, progress)
        progress("list what is inside")
        sbom = self.describe.inside(content)
        progress("assemble")
        pieces = _complete(content, self.describe, sbom, written)
        with self.writer.partial(output) as partial:
            self.writer.write(partial, pieces)
            if key:
                progress("sign")
                self.signer.sign(partial / SUMS, partial / SIGNATURE, key)
            self.writer.finish(partial, _epoch(content))
        record = build_record(
            content.lock(), pieces[-1].sha256, self.blobs, started=begun, finished=time.time()
        )
        self.save_record(record_path(output), record)
        seconds = time.monotonic() - started
        notes = resolved.notes + (self.signer.remarks(key) if key else []) + unread_notes(sbom)
        return _result(output, content, pieces, key, sbom=sbom, notes=notes, seconds=seconds)

    def _fetch(self, spec: Spec, resolved: Resolved, progress: Callable[[str], None]) -> Content:
        platforms = tuple(PLATFORMS[name] for name in spec.platforms)
        with ThreadPoolExecutor(DOWNLOADS + 2) as pool:
            progress("fetch packages, pack images, collect wheels")
            packed: Future[list[Image]] = pool.submit(self._pack, resolved, progress)
            wheels = {platform.name: pool.submit(self.runtimes.collect, platform) for platform in platforms}
            fetched = {
                package.sha256: pool.submit(self.packages[platform.package_system].fetch, package, repository)
                for platform in platforms
                for package, repository in resolved.closures[platform.name].sources()
            }
            _all_or_first_failure(pool, [packed, *wheels.values(), *fetched.values()])
        return Content(
            release=resolved.release,
            platforms=platforms,
            closures=resolved.closures,
            package_signers={sha256: future.result() for sha256, future in fetched.items()},
            drivers=resolved.drivers,
            vgpus=resolved.vgpus,
            interpreters=resolved.interpreters,
            profiles=resolved.profiles,
            wheels={name: future.result() for name, future in wheels.items()},
            images=packed.result(),
            installer=self.installer,
            package_scripts={
                platform.package_system: self.packages_sh(platform.package_system) for platform in platforms
            },
            locate=self._locate,
        )

    def _pack(self, resolved: Resolved, progress: Callable[[str], None]) -> list[Image]:
        release, compression = resolved.release, layer_compression(resolved.closures.values())
        images = self.images.pack(release.archive.source, release.archive.sha256, compression, progress)
        held = {image.name for image in images}
        missing = [name for name in release.images if name not in held]
        if missing:
            raise InputError(
                f"{release.archive.path} lacks {len(missing)} of the images that docker-compose.yml names: "
                + ", ".join(missing),
                code="image-missing",
                hint="get the release again; compose file and image archive must belong together",
                details={"missing": missing},
            )
        return images

    def _locate(self, sha256: str) -> Path:
        path = self.blobs.find(sha256)
        if path is None:
            raise InputError(
                f"the blob {sha256} vanished from the cache during the build",
                code="cache-changed",
                hint="do not clean the cache while a build runs; repeat the build",
            )
        return path


def _complete(content: Content, describe: DescribeBundle, sbom: Sbom, spec: tuple[str, str]) -> list[Piece]:
    """All files of the bundle but the signature: content, lock, descriptions, manifest, checksums."""
    lock = content.lock()
    pieces = [*content.pieces(), bytes_piece(layout.LOCK, lock.render()), describe.bill(sbom)]
    pieces.append(describe.provenance(content, pieces, spec))
    manifest = render_manifest(
        lock=lock,
        release=content.release,
        platforms=content.platforms,
        closures=content.closures,
        drivers=content.drivers,
        vgpus=content.vgpus,
        interpreters=content.interpreters,
        images=content.images,
        pieces=pieces,
    )
    pieces.append(bytes_piece(MANIFEST, manifest))
    most = checksums.MOST_FILES - _UNLISTED
    if len(pieces) > most:
        raise InputError(
            f"the bundle would have {len(pieces)} files, more than `bundle verify` takes",
            code="too-many-files",
            hint="leave out of the release what the hosts do not need",
            details={"found": f"{len(pieces)} files", "needed": f"at most {most}"},
        )
    sums = render_sums({piece.path: piece.sha256 for piece in pieces})
    return [*pieces, bytes_piece(SUMS, sums.encode())]


@contextmanager
def _files_at_hand() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StageError(
            f"the build stopped: {error}",
            code="build-io",
            hint="check free space and permissions where cache and output lie, then repeat",
        ) from error


def _all_or_first_failure(pool: ThreadPoolExecutor, futures: list[Future[Any]]) -> None:
    try:
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _one_at_a_time(progress: Callable[[str], None]) -> Callable[[str], None]:
    lock = threading.Lock()

    def report(text: str) -> None:
        with lock:
            progress(text)

    return report


def _epoch(content: Content) -> float:
    return datetime.strptime(content.lock().created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def _result(
    output: Path,
    content: Content,
    pieces: list[Piece],
    key: str | None,
    *,
    sbom: Sbom,
    notes: list[str],
    seconds: float,
) -> Result:
    lock = content.lock()
    size = sum(piece.size for piece in pieces)
    packages = {package for closure in content.closures.values() for package in closure.packages}
    data = {
        "path": str(output.absolute()),
        "id": lock.bundle_id,
        "created": lock.created,
        "release": content.release.version,
        "release_sha256": content.release.sha256,
        "files": len(pieces),
        "bytes": size,
        "images": len(content.images),
        "packages": len(packages),
        "components": sbom.counts(),
        "record": str(record_path(output)),
        "drivers": {name: driver.entry() for name, driver in content.drivers.items()},
        "signed_by": key,
        "seconds": round(seconds, 1),
    }
    messages = [
        f"Bundle {lock.bundle_id} with {len(content.images)} images and {len(packages)} packages, "
        f"{size / 1e6:.0f} MB: {output}",
        f"Signed by {key}." if key else "Not signed: pass --sign-key before it is carried anywhere.",
    ]
    if not content.release.pinned:
        messages.append(f"The release was not pinned; its sha256 is {content.release.sha256}.")
    return Result(data=data, messages=messages + notes)
