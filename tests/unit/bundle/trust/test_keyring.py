"""Armor and key validity, compared with what gpg writes and says."""

import base64
import time

import pytest

from graphistry_airgap.bundle.trust.keyring import Policy, fits_fips, sift_keyring
from graphistry_airgap.bundle.trust.packets import (
    MalformedError,
    armor,
    crc24,
    dearmor_keyring,
    dearmor_signature,
    issuers,
    packets,
)
from tests.kit.bundles.openpgp_keys import unknown_key

pytestmark = pytest.mark.subprocesses
DATA = b"data to sign\n"


def now():
    return int(time.time())


def test_armor_is_the_one_that_gpg_writes(keys):
    for name in ("signer", "second"):
        text = keys.sign(DATA, name)
        assert armor(dearmor_signature(text), "SIGNATURE") == text


def test_crc24_of_the_empty_text_is_its_start_value():
    assert crc24(b"") == 0xB704CE


def test_no_flipped_bit_of_a_signature_file_stays_canonical(keys):
    text = keys.sign(DATA, "second")
    for bit in range(len(text) * 8):
        spoiled = bytearray(text)
        spoiled[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalformedError):
            dearmor_signature(bytes(spoiled))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b"\n\n", b"\nComment: hello\n\n", 1),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text + b"\n",
        lambda text: b"\n" + text,
        lambda text: text.rstrip(b"\n"),
        lambda text: text + text,
        lambda text: text.replace(text[text.rindex(b"\n=") : text.index(b"\n-----END")], b""),
        lambda text: b"",
        lambda text: b"not a signature",
        lambda text: armor(dearmor_signature(text) * 2, "SIGNATURE"),
        lambda text: text.replace(b"SIGNATURE", b"MESSAGE"),
    ],
    ids=[
        "header",
        "crlf",
        "tail",
        "head",
        "cut",
        "twice",
        "no checksum",
        "empty",
        "text",
        "two packets",
        "kind",
    ],
)
def test_other_spellings_are_refused(keys, spoil):
    with pytest.raises(MalformedError):
        dearmor_signature(spoil(keys.sign(DATA, "signer")))


def test_armored_and_binary_keyrings_are_the_same(keys):
    binary = keys.public("signer")
    text = keys.public("signer", armored=True)
    assert dearmor_keyring(binary) == binary
    assert dearmor_keyring(text) == binary
    assert dearmor_keyring(text.replace(b"\n", b"\r\n")) == binary
    assert dearmor_keyring(text.replace(b"BLOCK-----\n", b"BLOCK-----\nComment: mine\n", 1)) == binary


def test_armored_blocks_may_follow_each_other(keys):
    text = keys.public("signer", armored=True) + b"a note\n" + keys.public("second", armored=True)
    assert dearmor_keyring(text) == keys.public("signer") + keys.public("second")


def test_a_damaged_armored_keyring_is_refused(keys):
    text = bytearray(keys.public("signer", armored=True))
    text[200] = ord("A") if text[200] != ord("A") else ord("B")
    with pytest.raises(MalformedError, match="checksum"):
        dearmor_keyring(bytes(text))


@pytest.mark.parametrize("armored_first", [False, True])
def test_armored_and_binary_keys_in_one_file_are_refused(keys, armored_first):
    parts = [keys.public("signer"), keys.public("second", armored=True)]
    with pytest.raises(MalformedError, match="binary"):
        dearmor_keyring(b"".join(reversed(parts) if armored_first else parts))


def test_an_armored_block_without_an_end_is_refused(keys):
    armored = keys.public("signer", armored=True)
    with pytest.raises(MalformedError, match="cut off"):
        dearmor_keyring(armored + armored[:-20])


def test_very_many_blocks_that_only_begin_are_read_once():
    with pytest.raises(MalformedError, match="cut off"):
        dearmor_keyring(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" * 100_000)


def test_keys_are_sifted_by_expiry_and_revocation(keys):
    keys.revoke("revoked")
    ring = sift_keyring(keys.public("signer", "expired", "revoked", "second"), now=now())
    assert set(ring.fingerprints) == {keys.fingerprint("signer"), keys.fingerprint("second")}
    assert {(one.fingerprint, one.state) for one in ring.refused} == {
        (keys.fingerprint("expired"), "expired"),
        (keys.fingerprint("revoked"), "revoked"),
    }
    assert sift_keyring(ring.usable, now=now()).refused == ()


def test_a_key_whose_expiry_was_moved_is_usable_again(keys):
    fingerprint = keys.make("moved", expires="20240201T000000", at="20240101T000000!")
    before = keys.public("moved")
    keys.gpg("--quick-set-expire", fingerprint, "0")
    after = keys.public("moved")
    assert sift_keyring(before, now=now()).refused[0].fingerprint == fingerprint
    assert sift_keyring(after, now=now()).fingerprints == (fingerprint,)
    # a keyring merged from both holds the old statement too; the newest one counts
    old_statement = [packet.raw for packet in packets(before) if packet.tag == 2][-1]
    assert sift_keyring(after + old_statement, now=now()).fingerprints == (fingerprint,)


def test_an_expired_subkey_is_taken_out_and_its_certificate_stays(keys):
    fingerprint = keys.make("rotated", at="20240101T000000!")
    keys.gpg(
        "--faked-system-time", "20240101T000000!", "--quick-add-key", fingerprint, "ed25519", "sign", "1m"
    )
    keys.gpg("--quick-add-key", fingerprint, "ed25519", "sign", "never")
    raw = keys.public("rotated")
    ring = sift_keyring(raw, now=now())
    assert ring.fingerprints == (fingerprint,)
    assert [packet.tag for packet in packets(raw)].count(14) == 2
    assert [packet.tag for packet in packets(ring.usable)].count(14) == 1


NO_SHA1, KNOWN = Policy(sha1=False), Policy(unknown=False)


def test_a_key_that_sha1_alone_certifies_counts_where_hosts_take_it(keys):
    fingerprint = keys.make("by sha1", "rsa3072", digest="SHA1")
    raw = keys.public("by sha1")
    assert sift_keyring(raw, now=now()).fingerprints == (fingerprint,)
    ring = sift_keyring(raw, now=now(), policy=NO_SHA1)
    assert [(one.fingerprint, one.state) for one in ring.refused] == [
        (fingerprint, "certified by SHA-1 alone")
    ]
    assert ring.usable == b""
    # certified anew it is the same key, and the old statement beside the new one does no harm
    keys.gpg("--cert-digest-algo", "SHA512", "--quick-set-expire", fingerprint, "0")
    both = keys.public("by sha1") + b"".join(packet.raw for packet in packets(raw) if packet.tag == 2)
    assert sift_keyring(both, now=now(), policy=NO_SHA1).fingerprints == (fingerprint,)


def test_a_subkey_that_sha1_alone_binds_is_taken_out(keys):
    fingerprint = keys.make("bound by sha1", "rsa3072")
    keys.add_subkey_by_sha1("bound by sha1")
    ring = sift_keyring(keys.public("bound by sha1"), now=now(), policy=NO_SHA1)
    assert ring.fingerprints == (fingerprint,)
    assert sorted(ring.states.values()) == ["certified by SHA-1 alone", "usable"]
    assert [packet.tag for packet in packets(ring.usable)].count(14) == 0


def test_a_key_of_an_unknown_kind_is_left_out_beside_others(keys):
    raw = unknown_key() + keys.public("signer")
    ring = sift_keyring(raw, now=now(), policy=KNOWN)
    assert ring.fingerprints == (keys.fingerprint("signer"),)
    assert [(one.algorithm, one.state) for one in ring.refused] == [
        ("algorithm 31", "of a kind that is not known here")
    ]
    # programs that do not know it cannot read a keyring that has it
    assert ring.raw == keys.public("signer")


@pytest.mark.parametrize("raw", [b"junk", b"\x99\x01", base64.b64encode(b"\x00" * 40), b"\xc6\xff\x00"])
def test_what_is_no_keyring_is_refused(raw):
    with pytest.raises(MalformedError):
        sift_keyring(raw, now=now())


def test_a_signature_of_one_byte_in_a_keyring_is_malformed():
    with pytest.raises(MalformedError):
        sift_keyring(b"\xc6\x06\x04\0\0\0\0\x01\xc2\x01\x04", now=1)


@pytest.mark.parametrize(
    ("algorithm", "named", "fips"),
    [
        ("rsa2048", "rsa2048", False),
        ("rsa3072", "rsa3072", True),
        ("rsa4096", "rsa4096", True),
        ("nistp256", "nistp256", False),
        ("nistp384", "nistp384", True),
        ("nistp521", "nistp521", True),
        ("ed25519", "ed25519", False),
    ],
)
def test_the_algorithm_of_a_key_is_named_as_gpg_names_it(keys, algorithm, named, fips):
    name = f"algorithm {algorithm}"
    keys.make(name, algorithm)
    [certificate] = sift_keyring(keys.public(name), now=now()).certificates
    assert (certificate.algorithm, certificate.state) == (named, "usable")
    assert fits_fips(certificate.algorithm) is fips


@pytest.mark.parametrize("algorithm", ["rsa1024", "dsa2048"])
def test_a_weak_key_is_not_usable(keys, algorithm):
    name = f"weak {algorithm}"
    fingerprint = keys.make(name, algorithm)
    ring = sift_keyring(keys.public(name), now=now())
    assert [(one.fingerprint, one.algorithm, one.state) for one in ring.refused] == [
        (fingerprint, algorithm, "too weak")
    ]
    assert ring.usable == b""
    assert ring.states == {fingerprint: "too weak"}


def test_a_signature_names_its_issuer(keys):
    signature = dearmor_signature(keys.sign(DATA, "second"))
    fingerprint = keys.fingerprint("second")
    assert issuers(signature) == {fingerprint, fingerprint[-16:]}
