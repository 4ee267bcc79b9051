"""The signed metadata of an apt repository: the vendor's bytes, fetched into the cache.

Only the InRelease file and the full package indices are taken.  An index is asked
for by its hash where the repository offers that, so that a mirror that changes
meanwhile cannot give a mixture.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from graphistry_airgap.connected.packages.apt_release import IndexFile, Release, dists_path, parse_release
from graphistry_airgap.connected.packages.closure import Blob, ResolvedRepository
from graphistry_airgap.core.adapters.process import require, run
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.adapters.fetch import Fetcher
    from graphistry_airgap.connected.spec import RepositorySpec

ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"


class AptMetadata:
    def __init__(self, cache: Cache, fetcher: Fetcher) -> None:
        self.cache = cache
        self.fetcher = fetcher

    def resolve(self, repository: RepositorySpec, *, architecture: str) -> ResolvedRepository:
        """Fetch and check one repository's metadata."""
        keyring = self._keyring(repository)
        folder = dists_path(repository.suite)
        inrelease_path = f"{folder}/InRelease".lstrip("/")
        inrelease = self.fetcher.newest(f"{repository.uri}/{quote(inrelease_path)}")
        key_file = self.cache.find(keyring.sha256)
        assert key_file is not None  # noqa: S101 (stored a moment ago)
        fingerprints = _signers(inrelease, key_file, repository)
        release = self._parse(inrelease, repository)
        metadata = [
            Blob(
                inrelease_path, inrelease.name, inrelease.stat().st_size, _origin(repository, inrelease_path)
            )
        ]
        for index in self._indices(release, repository, architecture):
            path = f"{folder}/{index.path}".lstrip("/")
            asked = f"{folder}/{index.by_hash}".lstrip("/") if release.by_hash else path
            self.fetcher.pinned(f"{repository.uri}/{quote(asked)}", sha256=index.sha256, size=index.size)
            metadata.append(Blob(path, index.sha256, index.size, _origin(repository, path)))
        return ResolvedRepository(
            repository,
            fingerprints,
            keyring,
            tuple(metadata),
            release.date,
            release.valid_until,
            release.origin,
        )

    def _keyring(self, repository: RepositorySpec) -> Blob:
        (path,) = repository.keys
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(
                f"the keyring {path} of repository {repository.name} cannot be read: {error.strerror}",
                code="keyring-unreadable",
                hint="set signed_by to the file with the key that signs this repository",
            ) from None
        if data.lstrip().startswith(ARMOR):
            data = self._dearmor(path)
        digest = self.cache.store(data)
        return Blob(f"{repository.name}.gpg", digest, len(data), f"keyring of {repository.name}")

    def _dearmor(self, path: Path) -> bytes:
        require("gpg", package="gpg")
        with self.cache.temporary() as binary:
            outcome = run(["gpg", "--batch", "--yes", "--dearmor", "--output", str(binary), str(path)])
            if not outcome.ok:
                raise InputError(
                    outcome.refusal(f"the keyring {path} is not OpenPGP"),
                    code="keyring-unreadable",
                    hint="set signed_by to the file with the key that signs this repository",
                )
            return binary.read_bytes()

    def _parse(self, inrelease: Path, repository: RepositorySpec) -> Release:
        try:
            release = parse_release(inrelease.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(
                f"the InRelease file of repository {repository.name} cannot be used: {error}",
                code="repository-metadata",
                hint="check uri and suite of this repository in the spec",
            ) from None
        # offline means: what was fresh when it was fetched
        if release.expired(datetime.now(UTC)) and not (repository.allow_expired or self.fetcher.offline):
            raise InputError(
                f"the metadata of repository {repository.name} expired at {release.valid_until}",
                code="repository-expired",
                hint="use a current mirror, check this machine's clock, or set allow_expired in the spec",
            )
        return release

    def _indices(self, release: Release, repository: RepositorySpec, architecture: str) -> list[IndexFile]:
        try:
            return release.indices(
                suite=repository.suite, components=repository.components, architecture=architecture
            )
        except KeyError as missing:
            raise InputError(
                f"repository {repository.name} lists no packages of component {missing} for {architecture}",
                code="component-missing",
                hint="correct components in the spec",
            ) from None


def _origin(repository: RepositorySpec, path: str) -> str:
    return f"{repository.written_uri}/{path}"


def _signers(inrelease: Path, keyring: Path, repository: RepositorySpec) -> tuple[str, ...]:
    """Fingerprints of the keys in `keyring` that made a good signature, from gpgv's status lines."""
    require("gpgv", package="gpgv")
    outcome = run(["gpgv", "--status-fd", "1", "--keyring", str(keyring), str(inrelease)])
    lines = [line.split() for line in outcome.stdout.splitlines() if line.startswith("[GNUPG:] ")]
    valid = sorted({line[-1] for line in lines if line[1] == "VALIDSIG"})
    if not valid:
        raise InputError(
            outcome.refusal(
                f"no key of {repository.keys[0]} made a good signature for repository {repository.name}"
            ),
            code="repository-signature",
            hint="set signed_by to the keyring of this repository's vendor",
        )
    return tuple(valid)
