"""Metadata of a dnf repository as a vendor, a dying mirror or somebody hostile serves it."""

import pytest

from graphistry_airgap.bundle.trust.packets import dearmor_keyring
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.packages.dnf_metadata import DnfMetadata
from graphistry_airgap.connected.spec import RepositorySpec
from graphistry_airgap.core.errors import InputError
from tests.kit.bundles.dnf_repository import DnfRepository
from tests.kit.bundles.openpgp_keys import LONG_AGO, unknown_key

pytestmark = pytest.mark.subprocesses


@pytest.fixture(scope="module")
def published(keys, tmp_path_factory):
    repository = DnfRepository(tmp_path_factory.mktemp("docker") / "docker", keys)
    repository.add("docker-ce", "26.1.5")
    return repository.publish()


@pytest.fixture
def repository(published, tmp_path):
    return published.copy(tmp_path / "docker")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def resolve(cache, repository):
    def call(**changed):
        given = {"keys": (repository.path / "key.asc",), **changed}
        spec = RepositorySpec("docker", "https://docker.invalid/9", f"file:{repository.path}", **given)
        return DnfMetadata(cache, Fetcher(cache, offline=False, pause=0)).resolve(spec)

    return call


def refused(resolve, **changed):
    with pytest.raises(InputError) as caught:
        resolve(**changed)
    assert caught.value.exit_code == 2
    return caught.value


def test_the_vendor_s_bytes_are_kept(resolve, repository, cache, keys):
    resolved = resolve()
    for blob in resolved.metadata:
        assert cache.find(blob.sha256, blob.size).read_bytes() == (repository.path / blob.path).read_bytes()
        assert blob.origin == f"https://docker.invalid/9/{blob.path}"
    assert resolved.fingerprints == (keys.fingerprint("signer"),)


def test_rpm_gets_one_armored_block_for_each_key(resolve, tmp_path, keys, cache):
    """Keys of several files, armored and binary; one that has expired stays out."""
    for name, armored in (("signer", True), ("second", False), ("expired", False)):
        (tmp_path / name).write_bytes(keys.public(name, armored=armored))
    resolved = resolve(keys=tuple(tmp_path / name for name in ("second", "signer", "expired")))
    raw = cache.find(resolved.keyring.sha256).read_bytes()
    assert raw.count(b"-----BEGIN PGP PUBLIC KEY BLOCK-----") == 2
    assert dearmor_keyring(raw) == keys.public("second") + keys.public("signer")
    assert resolved.keyring.path == "docker.asc"


def test_unsigned_metadata_must_be_allowed(resolve, repository):
    (repository.path / "repodata/repomd.xml.asc").unlink()
    error = refused(resolve)
    assert error.code == "repository-signature"
    assert "metadata_signed: false" in error.hint
    resolved = resolve(metadata_signed=False)
    assert resolved.fingerprints == ()
    assert not [blob for blob in resolved.metadata if blob.path.endswith(".asc")]


def test_metadata_that_was_changed_after_it_was_signed(resolve, repository):
    repomd = repository.path / "repodata/repomd.xml"
    repomd.write_bytes(repomd.read_bytes().replace(b"<revision>1<", b"<revision>2<"))
    error = refused(resolve)
    assert error.code == "repository-signature"
    assert "not a signature over this repomd.xml" in error.message


def test_signature_by_somebody_else(resolve, repository, keys):
    repomd = repository.path / "repodata/repomd.xml"
    (repository.path / "repodata/repomd.xml.asc").write_bytes(keys.sign(repomd.read_bytes(), "stranger"))
    error = refused(resolve)
    assert error.code == "repository-signature"
    assert "not in the keyring" in error.message


def test_signature_by_a_key_that_has_expired(resolve, repository, tmp_path, keys):
    repomd = repository.path / "repodata/repomd.xml"
    signature = keys.sign(repomd.read_bytes(), "expired", at=LONG_AGO)
    (repository.path / "repodata/repomd.xml.asc").write_bytes(signature)
    (tmp_path / "both.gpg").write_bytes(keys.public("signer", "expired"))
    error = refused(resolve, keys=(tmp_path / "both.gpg",))
    assert error.code == "repository-signature"
    assert "expired" in error.message


def test_keys_of_which_none_can_be_used_today(resolve, tmp_path, keys):
    (tmp_path / "old.gpg").write_bytes(keys.public("expired"))
    error = refused(resolve, keys=(tmp_path / "old.gpg",))
    assert error.code == "repository-keys"
    assert error.details == {"keys": {keys.fingerprint("expired"): "expired"}}


def test_a_key_that_sha1_alone_certifies_is_refused_where_hosts_do_not_import_it(
    resolve, repository, tmp_path, keys
):
    keys.make("old vendor", "rsa3072", digest="SHA1")
    (tmp_path / "old.gpg").write_bytes(keys.public("old vendor"))
    repomd = repository.path / "repodata/repomd.xml"
    (repository.path / "repodata/repomd.xml.asc").write_bytes(keys.sign(repomd.read_bytes(), "old vendor"))
    given = {"keys": (tmp_path / "old.gpg",)}
    assert resolve(**given).fingerprints == (keys.fingerprint("old vendor"),)
    error = refused(resolve, sha1_keys=False, **given)
    assert error.code == "repository-keys"
    assert error.details == {"keys": {keys.fingerprint("old vendor"): "certified by SHA-1 alone"}}
    assert "certified anew" in error.hint


def test_a_key_that_nobody_here_knows_is_no_error_beside_another(resolve, repository, tmp_path, keys, cache):
    """As vendors of EL 10 ship one against quantum computers beside the RSA one."""
    (tmp_path / "both.gpg").write_bytes(unknown_key() + keys.public("signer"))
    resolved = resolve(keys=(tmp_path / "both.gpg",))
    assert resolved.fingerprints == (keys.fingerprint("signer"),)
    assert dearmor_keyring(cache.find(resolved.keyring.sha256).read_bytes()) == keys.public("signer")
    (tmp_path / "alone.gpg").write_bytes(unknown_key())
    assert refused(resolve, keys=(tmp_path / "alone.gpg",)).code == "repository-keys"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "holds no OpenPGP key"), (b"no key at all", "not OpenPGP")],
)
def test_key_files_that_are_none(resolve, tmp_path, content, said):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    error = refused(resolve, keys=(tmp_path / "key",))
    assert error.code == "keyring-unreadable"
    assert said in error.message


@pytest.mark.parametrize("change", [lambda data: data[:-5], lambda data: bytes(len(data)), lambda _: b""])
def test_half_and_foreign_metadata_files(resolve, repository, change):
    """What repomd.xml lists, and the mirror has only in part or in another state."""
    (primary,) = (repository.path / "repodata").glob("*primary.xml.gz")
    primary.write_bytes(change(primary.read_bytes()))
    error = refused(resolve)
    assert error.code == "fetch-failed"
    assert primary.name in error.message


def test_a_mirror_that_lacks_what_it_lists(resolve, repository):
    next((repository.path / "repodata").glob("*filelists*")).unlink()
    assert refused(resolve).code == "uri-refused"


def test_no_repository_at_all(resolve, repository):
    (repository.path / "repodata/repomd.xml").write_text("<html>sign in to the hotel's network</html>")
    assert refused(resolve, metadata_signed=False).code == "repository-metadata"
