"""The verdict on signatures, by gpgv and by sqv alike."""

import os
import shutil
from pathlib import Path

import pytest

from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.bundle.trust.verdict import require_signers
from graphistry_airgap.core import places
from graphistry_airgap.core.errors import BundleError, HostEnvironmentError, HostError, InputError
from tests.kit.bundles.openpgp_keys import TO_COME

pytestmark = pytest.mark.subprocesses

SUMS = b"the list\n"
NAME = "SHA256SUMS.asc"


@pytest.fixture(params=["gpgv", "sqv"])
def judge(request, tmp_path):
    """check_signature with one tool, a keyring file from bytes and an empty bundle directory."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    bundle = tmp_path / "bundle"
    bundle.mkdir()

    def run(signatures, ring, *, sums=SUMS, allow_unsigned=False):
        keyring = None
        if ring is not None:
            keyring = tmp_path / "trusted.gpg"
            keyring.write_bytes(ring)
        return check_signature(
            sums,
            signatures,
            bundle=bundle,
            keyring=keyring,
            allow_unsigned=allow_unsigned,
            tools=(request.param,),
        )

    return run


@pytest.fixture
def name(request):
    """A name for a key that only this test knows."""
    return request.node.name.replace("[", "-").replace("]", "")


def refusal(judge, *arguments, **options):
    with pytest.raises(BundleError) as caught:
        judge(*arguments, **options)
    assert caught.value.hint
    return caught.value


def test_a_good_signature_names_its_signer(judge, keys):
    verdict = judge({NAME: keys.sign(SUMS, "signer")}, keys.public("signer"))
    assert verdict.signed
    assert verdict.signers == (keys.fingerprint("signer"),)
    assert verdict.tool in ("gpgv", "sqv")


def test_an_armored_keyring_of_several_keys_will_do(judge, keys):
    ring = keys.public("stranger", "second", armored=True)
    assert judge({NAME: keys.sign(SUMS, "second")}, ring).signers == (keys.fingerprint("second"),)


def test_the_signer_is_the_primary_key_where_a_subkey_signed(judge, keys, name):
    fingerprint = keys.make(name)
    keys.gpg("--quick-add-key", fingerprint, "ed25519", "sign", "never")
    assert judge({NAME: keys.sign(SUMS, name)}, keys.public(name)).signers == (fingerprint,)


def test_no_signature(judge, keys):
    assert refusal(judge, {}, keys.public("signer")).code == "signature-missing"


def test_no_signature_can_be_allowed_and_is_recorded(judge):
    verdict = judge({}, None, allow_unsigned=True)
    assert not verdict.signed
    assert verdict.as_dict()["allowed_unsigned"] is True


def test_allowing_no_signature_does_not_allow_a_bad_one(judge, keys):
    error = refusal(judge, {NAME: keys.sign(b"other", "signer")}, keys.public("signer"), allow_unsigned=True)
    assert error.code == "signature-invalid"


def test_a_signature_over_something_else(judge, keys):
    error = refusal(judge, {NAME: keys.sign(SUMS, "signer")}, keys.public("signer"), sums=b"the lisT\n")
    assert error.code == "signature-invalid"
    assert error.details["path"] == NAME


def test_a_key_that_is_not_in_the_keyring(judge, keys):
    error = refusal(judge, {NAME: keys.sign(SUMS, "stranger")}, keys.public("signer"))
    assert "not in the keyring" in error.message
    assert keys.fingerprint("signer") in error.hint


def test_a_signature_made_before_its_key_expired(judge, keys):
    signature = keys.sign(SUMS, "expired", at="20240102T000000!")
    error = refusal(judge, {NAME: signature}, keys.public("expired"))
    assert "expired" in error.message
    assert keys.fingerprint("expired") in error.hint


def test_a_revoked_key(judge, keys, name):
    keys.make(name)
    signature = keys.sign(SUMS, name)
    assert judge({NAME: signature}, keys.public(name)).signed
    keys.revoke(name)
    assert "revoked" in refusal(judge, {NAME: signature}, keys.public(name)).message


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_revoked_key_of_which_an_older_copy_is_in_the_keyring(judge, keys, name, newest_first):
    keys.make(name)
    signature, older = keys.sign(SUMS, name), keys.public(name)
    keys.revoke(name)
    copies = [older, keys.public(name)]
    error = refusal(judge, {NAME: signature}, b"".join(reversed(copies) if newest_first else copies))
    assert "revoked" in error.message


def test_a_weak_key(judge, keys, name):
    fingerprint = keys.make(name, "rsa1024")
    error = refusal(judge, {NAME: keys.sign(SUMS, name)}, keys.public(name))
    assert f"{fingerprint} is too weak" in error.hint


def test_a_weak_subkey_of_a_strong_certificate(judge, keys, name):
    fingerprint = keys.make(name)
    keys.gpg("--quick-add-key", fingerprint, "rsa1024", "sign", "never")
    assert "too weak" in refusal(judge, {NAME: keys.sign(SUMS, name)}, keys.public(name)).message


def test_a_signature_that_does_not_count_is_told_beside_a_good_one(judge, keys):
    further = f"SHA256SUMS.{keys.fingerprint('stranger')}.asc"
    signatures = {NAME: keys.sign(SUMS, "signer"), further: keys.sign(SUMS, "stranger")}
    verdict = judge(signatures, keys.public("signer"))
    assert verdict.signers == (keys.fingerprint("signer"),)
    [(path, reason)] = verdict.ignored
    assert path == further
    assert "not in the keyring" in reason
    require_signers(verdict, 1)
    with pytest.raises(BundleError) as caught:
        require_signers(verdict, 2)
    assert (caught.value.code, caught.value.exit_code) == ("signatures-too-few", 4)
    assert further in caught.value.message


def test_two_signatures_of_one_key_are_one_signer(judge, keys):
    signatures = {NAME: keys.sign(SUMS, "signer"), f"SHA256SUMS.{'A' * 40}.asc": keys.sign(SUMS, "signer")}
    verdict = judge(signatures, keys.public("signer"))
    with pytest.raises(BundleError):
        require_signers(verdict, 2)


def test_an_expired_signature(judge, keys, name):
    keys.make(name, at="20240101T000000!")
    signature = keys.sign(SUMS, name, at="20240102T000000!", options=("--default-sig-expire", "1d"))
    error = refusal(judge, {NAME: signature}, keys.public(name))
    assert "xpired" in error.message


def test_an_expired_subkey_of_a_living_certificate(judge, keys, name):
    fingerprint = keys.make(name, at="20240101T000000!")
    moment = "20240101T000000!"
    keys.gpg("--faked-system-time", moment, "--quick-add-key", fingerprint, "ed25519", "sign", "1m")
    signature = keys.sign(SUMS, name, at="20240102T000000!")
    assert refusal(judge, {NAME: signature}, keys.public(name)).code == "signature-invalid"


@pytest.mark.parametrize("digest", ["SHA1", "RIPEMD160", "SHA224"])
def test_a_digest_that_is_too_weak(judge, keys, digest):
    """sqv refuses it, gpgv would not."""
    signature = keys.sign(SUMS, "signer", options=("--digest-algo", digest))
    refused = refusal(judge, {NAME: signature}, keys.public("signer"))
    assert "only SHA-256, SHA-384, SHA-512 count" in refused.message
    assert refused.exit_code == 4


def test_a_signature_over_text(judge, keys):
    signature = keys.sign(SUMS, "signer", options=("--textmode",))
    assert "0x01" in refusal(judge, {NAME: signature}, keys.public("signer")).message


@pytest.mark.parametrize("born", [None, TO_COME])
def test_a_signature_from_the_future_is_an_error_of_the_host_s_clock(judge, keys, name, born):
    """A host whose clock lost its battery: for it the key, too, may not be born yet."""
    keys.make(name, at=born)
    signature = keys.sign(SUMS, name, at=TO_COME)
    with pytest.raises(HostError) as caught:
        judge({NAME: signature}, keys.public(name))
    assert (caught.value.code, caught.value.exit_code) == ("clock-before-signature", 3)
    assert "2039-01-01T00:00:00Z" in caught.value.message
    assert "timedatectl" in caught.value.hint


def test_a_signature_from_the_future_beside_a_good_one_does_not_count(judge, keys):
    later = keys.sign(SUMS, "second", at=TO_COME)
    verdict = judge({NAME: keys.sign(SUMS, "signer"), "later.asc": later}, keys.public("signer", "second"))
    assert verdict.signers == (keys.fingerprint("signer"),)
    assert [name for name, _ in verdict.ignored] == ["later.asc"]


def test_what_has_expired_is_told_with_the_clock_that_says_so(judge, keys):
    signature = keys.sign(SUMS, "expired", at="20240110T000000!")
    refused = refusal(judge, {NAME: signature}, keys.public("expired"))
    assert "this host's clock says 20" in refused.hint


@pytest.mark.parametrize("change", [b"\n\n", b"\n\nx", b"\nComment: x\n\n"])
def test_armor_that_is_not_canonical(judge, keys, change):
    signature = keys.sign(SUMS, "signer").replace(b"\n\n", change, 1)
    if change == b"\n\n":
        signature += b" "
    assert "armor" in refusal(judge, {NAME: signature}, keys.public("signer")).message


def test_one_good_signature_of_several_suffices(judge, keys):
    further = f"SHA256SUMS.{keys.fingerprint('second')}.asc"
    signatures = {NAME: keys.sign(SUMS, "stranger"), further: keys.sign(SUMS, "second")}
    assert judge(signatures, keys.public("second")).signers == (keys.fingerprint("second"),)
    both = judge(signatures, keys.public("second", "stranger"))
    assert set(both.signers) == {keys.fingerprint("second"), keys.fingerprint("stranger")}
    error = refusal(judge, signatures, keys.public("signer"))
    assert NAME in error.message
    assert further in error.message


@pytest.mark.parametrize(
    ("ring", "code"),
    [(None, "keyring-missing"), (b"", "keyring-empty"), (b"junk", "keyring-malformed")],
)
def test_an_unusable_keyring_is_an_input_error(judge, keys, ring, code):
    with pytest.raises(InputError) as caught:
        judge({NAME: keys.sign(SUMS, "signer")}, ring)
    assert caught.value.code == code
    assert "--keyring" in caught.value.hint


def test_a_keyring_file_that_is_missing_or_a_directory(keys, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for path, code in ((tmp_path / "none", "keyring-missing"), (tmp_path, "keyring-unreadable")):
        with pytest.raises(InputError) as caught:
            check_signature(SUMS, {NAME: b""}, bundle=bundle, keyring=path)
        assert caught.value.code == code


def test_a_keyring_that_never_ends_or_never_begins_is_not_waited_for(tmp_path):
    bundle, pipe = tmp_path / "bundle", tmp_path / "pipe"
    bundle.mkdir()
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(InputError, match="not a file") as caught:
            check_signature(SUMS, {NAME: b""}, bundle=bundle, keyring=path)
        assert caught.value.code == "keyring-unreadable"


def test_a_keyring_of_a_size_that_none_has(tmp_path):
    bundle, large = tmp_path / "bundle", tmp_path / "large"
    bundle.mkdir()
    with large.open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(InputError, match="larger than") as caught:
        check_signature(SUMS, {NAME: b""}, bundle=bundle, keyring=large)
    assert caught.value.code == "keyring-malformed"


@pytest.mark.parametrize("link", [False, True])
def test_a_keyring_inside_the_bundle(keys, tmp_path, link):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    keyring = bundle / "trusted.gpg"
    keyring.write_bytes(keys.public("signer"))
    if link:
        keyring = tmp_path / "elsewhere.gpg"
        keyring.symlink_to(bundle / "trusted.gpg")
    with pytest.raises(BundleError) as caught:
        check_signature(SUMS, {NAME: keys.sign(SUMS, "signer")}, bundle=bundle, keyring=keyring)
    assert caught.value.code == "keyring-in-bundle"


def test_the_default_keyring_must_be_root_s_own(keys, tmp_path, monkeypatch):
    keyring = tmp_path / "trusted.gpg"
    keyring.write_bytes(keys.public("signer"))
    monkeypatch.setattr(places, "KEYRING", keyring)
    keyring.chmod(0o666)
    with pytest.raises(InputError) as caught:
        check_signature(SUMS, {NAME: keys.sign(SUMS, "signer")}, bundle=tmp_path / "b", keyring=keyring)
    assert caught.value.code == "keyring-unsafe"


def test_no_program_to_check_with(keys, tmp_path):
    keyring = tmp_path / "trusted.gpg"
    keyring.write_bytes(keys.public("signer"))
    with pytest.raises(HostEnvironmentError, match="no-such-gpgv"):
        check_signature(SUMS, {NAME: b""}, bundle=tmp_path / "b", keyring=keyring, tools=("no-such-gpgv",))
