"""Signers after the first: each looks at every byte, and each leaves a signature of the own."""

import pytest

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.bundle.verify import verify_bundle
from graphistry_airgap.connected.adapters.gpg_signer import GpgSigner
from graphistry_airgap.connected.sign import SignBundle
from graphistry_airgap.core.adapters.files import require_writable
from graphistry_airgap.core.errors import BundleError, FindingsError, InputError
from tests.kit.bundles.mini_bundle import MiniBundle, flip_byte

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def bundle(tmp_path):
    mini = MiniBundle(tmp_path / "bundle")
    mini.write()
    return mini.path


@pytest.fixture
def sign(bundle, keys, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(keys.home))

    def run(name, keyring=None):
        service = SignBundle(BundleDirectory, check_signature, GpgSigner(), require_writable)
        return service.run(bundle, keys.fingerprint(name), keyring)

    return run


def signers(bundle, keyring):
    found = verify_bundle(bundle, keyring, open_directory=BundleDirectory, check_signature=check_signature)
    return found.signature.signers


@pytest.fixture
def keyring(keys, tmp_path):
    path = tmp_path / "trusted.gpg"
    path.write_bytes(keys.public("signer", "second"))
    return path


def test_two_signers_each_with_a_file(bundle, sign, keys, keyring):
    assert sign("signer").data["signature"] == "SHA256SUMS.asc"
    second = keys.fingerprint("second")
    result = sign("second", keyring)
    assert result.data["signature"] == f"SHA256SUMS.{second}.asc"
    assert set(signers(bundle, keyring)) == {keys.fingerprint("signer"), second}


def test_a_second_signer_may_ask_for_a_trusted_first_one(bundle, sign, keys, tmp_path):
    sign("stranger")
    mine = tmp_path / "mine.gpg"
    mine.write_bytes(keys.public("signer"))
    before = sorted(path.name for path in bundle.iterdir())
    with pytest.raises(BundleError) as caught:
        sign("second", mine)
    assert caught.value.code == "signature-invalid"
    assert sorted(path.name for path in bundle.iterdir()) == before


def test_a_first_signature_that_somebody_took_away_is_missed(bundle, sign, keyring):
    """A changed bundle needs only a new list and no signature to look like one that nobody has signed yet."""
    with pytest.raises(BundleError) as caught:
        sign("second", keyring)
    assert caught.value.code == "signature-missing"
    assert not (bundle / "SHA256SUMS.asc").exists()


def test_nobody_signs_a_damaged_bundle(bundle, sign):
    flip_byte(bundle / "install.sh")
    with pytest.raises(FindingsError) as caught:
        sign("signer")
    assert [error.details["path"] for error in caught.value.errors] == ["install.sh"]
    assert not (bundle / "SHA256SUMS.asc").exists()


def test_a_key_that_is_not_there(bundle, monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "empty"))
    with pytest.raises(InputError) as caught:
        SignBundle(BundleDirectory, check_signature, GpgSigner(), require_writable).run(
            bundle, "nobody@example.invalid", None
        )
    assert caught.value.code == "sign-key-missing"


def test_a_key_that_hosts_in_fips_mode_may_refuse_is_told_of(sign):
    assert not any("FIPS" in line for line in sign("signer").messages)
    assert any("ed25519" in line and "FIPS" in line for line in sign("second").messages)


def test_a_name_of_two_keys_is_not_guessed_at(bundle, sign, keys):
    """After a rotation both have the same name, and gpg lists the old one first."""
    old = keys.make("Bundle office, old")
    new = keys.make("Bundle office, new")
    with pytest.raises(InputError) as caught:
        GpgSigner().fingerprint("Bundle office")
    assert caught.value.code == "sign-key-ambiguous"
    assert set(caught.value.details["found"]) == {old, new}
    assert GpgSigner().fingerprint(new) == new
