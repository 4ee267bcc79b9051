"""The metadata of a dnf repository: the vendor's bytes, fetched into the cache.

repomd.xml is believed by its vendor's signature; a repository that the spec calls unsigned has only the
signatures of its packages.  It names every other file by its checksum, so a mirror that changes meanwhile
cannot give a mixture.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from graphistry_airgap.bundle.trust import keyring as openpgp, packets as openpgp_format
from graphistry_airgap.bundle.trust.adapters.check import gpgv
from graphistry_airgap.connected.packages.closure import Blob, ResolvedRepository
from graphistry_airgap.connected.packages.repomd import REPOMD, SIGNATURE, Repomd, parse_repomd
from graphistry_airgap.core.adapters.process import require
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.adapters.fetch import Fetcher
    from graphistry_airgap.connected.spec import RepositorySpec


class DnfMetadata:
    def __init__(self, cache: Cache, fetcher: Fetcher) -> None:
        self.cache = cache
        self.fetcher = fetcher

    def resolve(self, repository: RepositorySpec) -> ResolvedRepository:
        """Fetch and check one repository's metadata."""
        keys = repository_keys(repository)
        repomd = self.fetcher.newest(_uri(repository, REPOMD))
        metadata = [self._blob(repository, REPOMD, repomd)]
        signers: tuple[str, ...] = ()
        if repository.metadata_signed:
            signature = self._signature(repository)
            metadata.append(self._blob(repository, SIGNATURE, signature))
            signers = _signers(repository, repomd, signature, keys)
        parsed = _parse(repository, repomd.read_bytes())
        for file in parsed.files:
            self.fetcher.pinned(_uri(repository, file.path), sha256=file.sha256, size=file.size)
            metadata.append(Blob(file.path, file.sha256, file.size, _origin(repository, file.path)))
        armored = openpgp.armored_certificates(keys.usable)
        keyring = Blob(
            f"{repository.name}.asc", self.cache.store(armored), len(armored), f"keys of {repository.name}"
        )
        return ResolvedRepository(repository, signers, keyring, tuple(metadata), parsed.date, None)

    def _signature(self, repository: RepositorySpec) -> Path:
        try:
            return self.fetcher.newest(_uri(repository, SIGNATURE))
        except InputError as error:
            if error.code != "uri-refused":
                raise
            raise InputError(
                f"the metadata of repository {repository.name} is not signed: {error.message}",
                code="repository-signature",
                hint="check the repository's uri; where its vendor signs packages only, say "
                "metadata_signed: false in the spec",
            ) from None

    def _blob(self, repository: RepositorySpec, path: str, file: Path) -> Blob:
        return Blob(path, file.name, file.stat().st_size, _origin(repository, path))


def repository_keys(repository: RepositorySpec) -> openpgp.Keyring:
    """The keys that the spec names, sifted; one at least must be usable today, on the platform's hosts, too.

    Vendors ship keys against quantum computers beside others: what rpm need not know stays behind.
    """
    raw = b"".join(_read_key(path, repository) for path in repository.keys)
    names = ", ".join(path.name for path in repository.keys)
    try:
        policy = openpgp.Policy(sha1=repository.sha1_keys, unknown=False)
        keys = openpgp.sift_keyring(raw, now=int(time.time()), policy=policy)
    except openpgp_format.MalformedError as error:
        raise _unreadable(
            f"the keys {names} of repository {repository.name} are not OpenPGP: {error}"
        ) from None
    if not keys.certificates:
        raise _unreadable(f"{names} of repository {repository.name} holds no OpenPGP key")
    if not keys.fingerprints:
        states = ", ".join(f"{one.fingerprint} is {one.state}" for one in keys.refused)
        raise InputError(
            f"no key of repository {repository.name} can be used today: {states}",
            code="repository-keys",
            hint=_another_key(keys),
            details={"keys": {one.fingerprint: one.state for one in keys.refused}},
        )
    return keys


def _another_key(keys: openpgp.Keyring) -> str:
    if any(one.state == openpgp.SHA1 for one in keys.refused):
        return (
            "rpm on the hosts does not import a key that nothing but SHA-1 certifies: get the vendor's newer "
            "key; the same one, certified anew, does, too"
        )
    return "get the vendor's current key, and check this machine's clock"


def _read_key(path: Path, repository: RepositorySpec) -> bytes:
    try:
        return openpgp_format.dearmor_keyring(path.read_bytes())
    except OSError as error:
        raise _unreadable(
            f"the key {path} of repository {repository.name} cannot be read: {error.strerror}"
        ) from None
    except openpgp_format.MalformedError as error:
        raise _unreadable(f"the key {path} of repository {repository.name} is damaged: {error}") from None


def _unreadable(message: str) -> InputError:
    return InputError(
        message,
        code="keyring-unreadable",
        hint="set gpg_keys to the files with the keys that sign this repository",
    )


def _signers(
    repository: RepositorySpec, repomd: Path, signature: Path, keys: openpgp.Keyring
) -> tuple[str, ...]:
    """Fingerprints of the usable keys that made a good signature over repomd.xml."""
    require("gpgv", package="gpgv (on RHEL gnupg2)")
    with tempfile.TemporaryDirectory(prefix="graphistry-airgap-") as folder:
        ring = Path(folder, "keyring.gpg")
        ring.write_bytes(keys.raw)
        found, reason = gpgv(ring, signature, repomd, what="repomd.xml")
    usable = tuple(sorted(set(found) & set(keys.fingerprints)))
    if not usable:
        raise InputError(
            f"{SIGNATURE} of repository {repository.name} is not a good signature: "
            + (reason or "the key that made it cannot be used today"),
            code="repository-signature",
            hint="set gpg_keys to the vendor's keys; a mirror in change is whole minutes later",
            details={"repository": repository.name, "usable": list(keys.fingerprints)},
        )
    return usable


def _parse(repository: RepositorySpec, data: bytes) -> Repomd:
    try:
        return parse_repomd(data)
    except ValueError as error:
        raise InputError(
            f"repomd.xml of repository {repository.name} cannot be used: {error}",
            code="repository-metadata",
            hint="check the uri of this repository in the spec: repodata/ must lie in it",
        ) from None


def _uri(repository: RepositorySpec, path: str) -> str:
    return f"{repository.uri}/{quote(path)}"


def _origin(repository: RepositorySpec, path: str) -> str:
    return f"{repository.written_uri}/{path}"
