"""Signatures and keyrings of every kind, and what the tool, and install.sh before it, are to say of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from graphistry_airgap.bundle.trust.packets import armor, dearmor_signature, packets
from tests.kit.bundles.openpgp_keys import EXPIRY, LONG_AGO, TO_COME, Keys

if TYPE_CHECKING:
    from pathlib import Path

SUMS = b"the list\n"
FILES = (f"SHA256SUMS.{'A' * 40}.asc", "SHA256SUMS.asc")
STRANGER = "it was made by a key that is not in the keyring"
NOT_CANONICAL = "it is not one armored OpenPGP signature in canonical form; it was changed or damaged"
EXPIRED, REVOKED = "the key that made it is expired", "the key that made it is revoked"
WEAK, UNBOUND = "the key that made it is too weak", "the key that made it is not certified by itself"
TO_BE_MADE = "it says that it was made in the future"
IN_2024 = "20240102T000000!"
# RFC 9580, A.3: a certificate of version 6, which nobody here signs with
VERSION_6 = b"""-----BEGIN PGP PUBLIC KEY BLOCK-----

xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf
GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy
KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw
gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE
QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn
+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh
BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8
j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805
I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==
-----END PGP PUBLIC KEY BLOCK-----
"""


class Given(NamedTuple):
    """A keyring, and signature files over `SUMS` in the order of their names."""

    ring: bytes
    signatures: list[bytes]


@dataclass(frozen=True)
class Expected:
    """`code` is the error's, empty for a good bundle; `reasons` are of the files that do not count."""

    code: str = ""
    signers: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def good(*signers: str, ignored: tuple[str, ...] = ()) -> Expected:
    return Expected("", signers, ignored)


def refused(*reasons: str) -> Expected:
    return Expected("signature-invalid", (), reasons)


MALFORMED, EMPTY = Expected("keyring-malformed"), Expected("keyring-empty")
LATER = Expected("clock-before-signature", (), (TO_BE_MADE,))
DIGEST = "its digest is {}, and only SHA-256, SHA-384, SHA-512 count"

CASES = {
    "good": good("signer"),
    "armored ring": good("second"),
    "two signers": good("signer", "second"),
    "one signer twice": good("signer"),
    "beside a stranger": good("signer", ignored=(STRANGER,)),
    "beside one to come": good("signer", ignored=(TO_BE_MADE,)),
    "ring has a key twice": good("signer"),
    "ring has a certificate of version 6": good("signer"),
    "no signature": Expected("signature-missing"),
    "stranger": refused(STRANGER),
    "several strangers": refused(STRANGER, STRANGER),
    "over something else": refused("it is not a signature over this SHA256SUMS"),
    # what keys become
    "expired key": refused(EXPIRED),
    "expired key to be extended": refused(EXPIRED),
    # sqv asks what was said of the key when it signed, and this keyring has forgotten
    "extended key": {"gpgv": good("moved"), "sqv": refused("sqv gave no verdict")},
    "extended key, older copy first": good("moved"),
    "extended key, older copy last": good("moved"),
    "only expired keys, and a stranger": refused(STRANGER),
    "not yet revoked": good("hard"),
    "hard revocation": refused(REVOKED),
    "hard revocation, older copy first": refused(REVOKED),
    "hard revocation, older copy last": refused(REVOKED),
    "soft revocation": refused(REVOKED),
    "soft revocation, older copy first": refused(REVOKED),
    "weak key": refused(WEAK),
    "weak key of DSA": refused(WEAK),
    "key without a statement of its own": refused(UNBOUND),
    "key to come": LATER,
    # subkeys
    "subkey": good("subkeys"),
    "expired subkey": refused(EXPIRED),
    "new subkey beside an expired one": good("rotated"),
    "weak subkey": refused(WEAK),
    "revoked subkey": refused(REVOKED),
    "revoked subkey, older copy last": refused(REVOKED),
    "subkey of a revoked key": refused(REVOKED),
    "subkey without its key": refused(STRANGER),
    # what a signature says of itself
    "MD5": refused(DIGEST.format("MD5")),
    "SHA1": refused(DIGEST.format("SHA-1")),
    "RIPEMD160": refused(DIGEST.format("RIPEMD-160")),
    "SHA224": refused(DIGEST.format("SHA-224")),
    "unknown digest": refused(DIGEST.format("number 99")),
    "SHA384": good("signer"),
    "over text": refused("it is of kind 0x01, and only 0x00, over bytes, counts"),
    "version 3": refused("it is of version 3, and only 4 and 6 count"),
    "subpackets that end too late": refused("it is damaged"),
    "of two bytes": refused("it is damaged"),
    "of no byte": refused("it is of version none, and only 4 and 6 count"),
    "expired signature": refused("the signature has expired"),
    "made in the future": LATER,
    # armor of a signature
    **dict.fromkeys(
        (
            *("header", "CRLF", "line after it", "line before it", "last line cut", "two blocks"),
            *(
                "no checksum",
                "wrong checksum",
                "empty",
                "text",
                "two packets",
                "no packet",
                "a key",
                "binary",
            ),
        ),
        refused(NOT_CANONICAL),
    ),
    # keyrings
    **dict.fromkeys(
        (
            *(
                "ring with CRLF",
                "ring with a header",
                "ring with a header of other letters",
                "ring with notes",
            ),
            *("ring with blank ends", "ring without a checksum", "ring beside another block"),
        ),
        good("signer"),
    ),
    **dict.fromkeys(
        (
            *("ring of text", "ring cut off", "ring with a wrong checksum", "ring with another letter"),
            *(
                "ring of armored and binary keys",
                "ring of binary and armored keys",
                "ring cut within a packet",
            ),
            *("ring indented", "ring with notes of other letters", "ring that begins with a name"),
            *("ring with a key of version 3", "ring with a cut key", "ring with a damaged statement"),
            "ring with padding in between",
        ),
        MALFORMED,
    ),
    **dict.fromkeys(("empty ring", "ring of a signature", "ring without an empty line"), EMPTY),
}


SIGNERS = ("signer", "second", "moved", "hard", "subkeys", "rotated")


def make_corpus(home: Path) -> tuple[dict[str, Given], dict[str, str]]:
    """The cases by name, and the fingerprints of SIGNERS."""
    home.mkdir(mode=0o700)
    keys = Keys(home)
    try:
        for name in ("signer", "second", "stranger"):
            keys.make(name)
        cases = {
            **_plain(keys),
            **_lives(keys),
            **_subkeys(keys),
            **_claims(keys),
            **_armors(keys),
            **_rings(keys),
        }
        return cases, {name: keys.fingerprint(name) for name in SIGNERS}
    finally:
        keys.stop()


def _plain(keys: Keys) -> dict[str, Given]:
    signer, second, stranger = (keys.sign(SUMS, name) for name in ("signer", "second", "stranger"))
    later = keys.sign(SUMS, "second", at=TO_COME)
    ring, both = keys.public("signer"), keys.public("signer", "second")
    return {
        "good": Given(both, [signer]),
        "armored ring": Given(keys.public("signer", "second", armored=True), [second]),
        "two signers": Given(both, [signer, second]),
        "one signer twice": Given(
            ring, [signer, keys.sign(SUMS, "signer", options=("--digest-algo", "SHA512"))]
        ),
        "beside a stranger": Given(ring, [stranger, signer]),
        "beside one to come": Given(both, [signer, later]),
        "ring has a key twice": Given(ring + ring, [signer]),
        "ring has a certificate of version 6": Given(
            keys.public("signer", armored=True) + VERSION_6, [signer]
        ),
        "no signature": Given(ring, []),
        "stranger": Given(ring, [stranger]),
        "several strangers": Given(ring, [stranger, second]),
        "over something else": Given(ring, [keys.sign(b"other", "signer")]),
        "made in the future": Given(both, [later]),
    }


def _lives(keys: Keys) -> dict[str, Given]:
    """Keys before and after something has become of them."""
    for name, expires in (("moved", EXPIRY), ("expired", EXPIRY), ("hard", "never"), ("soft", "never")):
        keys.make(name, expires=expires, at=LONG_AGO)
    keys.make("weak", "rsa1024")
    keys.make("dsa", "dsa2048")
    keys.make("to come", at=TO_COME)
    signed = {name: [keys.sign(SUMS, name, at=IN_2024)] for name in ("moved", "expired", "hard", "soft")}
    before = {name: keys.public(name) for name in signed}
    keys.gpg("--quick-set-expire", keys.fingerprint("moved"), "0")
    keys.revoke("hard")
    keys.revoke("soft", superseded=True)
    after = {name: keys.public(name) for name in signed}
    bare = b"".join(one.raw for one in packets(keys.public("signer")) if one.tag != 2)
    return {
        "expired key": Given(before["expired"], signed["expired"]),
        "expired key to be extended": Given(before["moved"], signed["moved"]),
        "extended key": Given(after["moved"], signed["moved"]),
        "extended key, older copy first": Given(before["moved"] + after["moved"], signed["moved"]),
        "extended key, older copy last": Given(after["moved"] + before["moved"], signed["moved"]),
        "only expired keys, and a stranger": Given(before["expired"], [keys.sign(SUMS, "stranger")]),
        "not yet revoked": Given(before["hard"], signed["hard"]),
        "hard revocation": Given(after["hard"], signed["hard"]),
        "hard revocation, older copy first": Given(before["hard"] + after["hard"], signed["hard"]),
        "hard revocation, older copy last": Given(after["hard"] + before["hard"], signed["hard"]),
        "soft revocation": Given(after["soft"], signed["soft"]),
        "soft revocation, older copy first": Given(before["soft"] + after["soft"], signed["soft"]),
        "weak key": Given(keys.public("signer", "weak"), [keys.sign(SUMS, "weak")]),
        "weak key of DSA": Given(keys.public("dsa"), [keys.sign(SUMS, "dsa")]),
        "key without a statement of its own": Given(bare, [keys.sign(SUMS, "signer")]),
        "key to come": Given(keys.public("to come"), [keys.sign(SUMS, "to come", at=TO_COME)]),
    }


def _subkeys(keys: Keys) -> dict[str, Given]:
    for name in ("subkeys", "rotated", "weak subkey", "revoked subkey", "dead"):
        keys.make(name, at=LONG_AGO)
    keys.add_subkey("subkeys", "ed25519")
    keys.add_subkey("weak subkey", "rsa1024")
    keys.add_subkey("revoked subkey", "ed25519")
    keys.add_subkey("dead", "ed25519")
    keys.add_subkey("rotated", "ed25519", expires="1m", at=LONG_AGO)
    old = Given(keys.public("rotated"), [keys.sign(SUMS, "rotated", at=IN_2024)])
    keys.add_subkey("rotated", "ed25519")
    signed = {name: [keys.sign(SUMS, name)] for name in ("revoked subkey", "dead", "subkeys")}
    before = keys.public("revoked subkey")
    keys.revoke_subkey("revoked subkey")
    keys.revoke("dead")
    revoked = keys.public("revoked subkey")
    # the certificate without its subkeys
    primary = b"".join(one.raw for one in list(packets(keys.public("subkeys")))[:3])
    return {
        "subkey": Given(keys.public("subkeys"), signed["subkeys"]),
        "expired subkey": old,
        "new subkey beside an expired one": Given(keys.public("rotated"), [keys.sign(SUMS, "rotated")]),
        "weak subkey": Given(keys.public("weak subkey"), [keys.sign(SUMS, "weak subkey")]),
        "revoked subkey": Given(revoked, signed["revoked subkey"]),
        "revoked subkey, older copy last": Given(revoked + before, signed["revoked subkey"]),
        "subkey of a revoked key": Given(keys.public("dead"), signed["dead"]),
        "subkey without its key": Given(primary, signed["subkeys"]),
    }


def _claims(keys: Keys) -> dict[str, Given]:
    ring, plain = keys.public("signer"), dearmor_signature(keys.sign(SUMS, "signer"))
    keys.make("lasting", at=LONG_AGO)

    def with_byte(place: int, value: int) -> list[bytes]:
        start = len(plain) - len(next(packets(plain)).body)
        return [armor(plain[: start + place] + bytes([value]) + plain[start + place + 1 :], "SIGNATURE")]

    lasting = keys.sign(SUMS, "lasting", at=IN_2024, options=("--default-sig-expire", "1d"))
    digests = {
        name: Given(ring, [keys.sign(SUMS, "signer", options=("--digest-algo", name))])
        for name in ("SHA1", "RIPEMD160", "SHA224", "SHA384")
    }
    return digests | {
        "MD5": Given(ring, with_byte(3, 1)),
        "unknown digest": Given(ring, with_byte(3, 99)),
        "over text": Given(ring, [keys.sign(SUMS, "signer", options=("--textmode",))]),
        "version 3": Given(ring, with_byte(0, 3)),
        "subpackets that end too late": Given(ring, with_byte(4, 255)),
        "of two bytes": Given(ring, [armor(b"\xc2\x02\x04\x00", "SIGNATURE")]),
        "of no byte": Given(ring, [armor(b"\xc2\x00", "SIGNATURE")]),
        "expired signature": Given(keys.public("lasting"), [lasting]),
    }


def _armors(keys: Keys) -> dict[str, Given]:
    text, ring = keys.sign(SUMS, "signer"), keys.public("signer")
    data = dearmor_signature(text)
    head, end = text.rindex(b"\n="), text.index(b"\n-----END")
    spelled = {
        "header": text.replace(b"\n\n", b"\nComment: hello\n\n", 1),
        "CRLF": text.replace(b"\n", b"\r\n"),
        "line after it": text + b"\n",
        "line before it": b"\n" + text,
        "last line cut": text.rstrip(b"\n"),
        "two blocks": text + text,
        "no checksum": text[:head] + text[end:],
        "wrong checksum": text[:head] + b"\n=AAAA" + text[end:],
        "empty": b"",
        "text": b"not a signature\n",
        "two packets": armor(data * 2, "SIGNATURE"),
        "no packet": armor(b"\x00" * 40, "SIGNATURE"),
        "a key": armor(ring, "SIGNATURE"),
        "binary": data,
    }
    return {name: Given(ring, [raw]) for name, raw in spelled.items()}


def _rings(keys: Keys) -> dict[str, Given]:
    binary, text = keys.public("signer"), keys.public("signer", armored=True)
    other, begin = keys.public("second", armored=True), b"BLOCK-----\n"
    head, end = text.rindex(b"\n="), text.index(b"\n-----END")
    middle = len(text) // 2
    letter = b"A" if text[middle : middle + 1] != b"A" else b"B"
    first = next(packets(binary))
    version_3 = b"\xc6\x0c\x03" + first.body[1:12]
    rings = {
        "ring with CRLF": text.replace(b"\n", b"\r\n"),
        "ring with a header": text.replace(begin, begin + b"Comment: mine\n", 1),
        "ring with a header of other letters": text.replace(begin, begin + "Comment: Jörg\n".encode(), 1),
        "ring with notes": b"mine:\n" + text + b"and another:\n" + other,
        "ring with blank ends": text.replace(b"\n", b" \t\n"),
        "ring without a checksum": text[:head] + text[end:],
        "ring beside another block": keys.sign(SUMS, "signer") + text,
        "ring of text": b"no keyring\n",
        "ring cut off": text + other[:-20],
        "ring with a wrong checksum": text[:head] + b"\n=AAAA" + text[end:],
        "ring with another letter": text[:middle] + letter + text[middle + 1 :],
        "ring of armored and binary keys": text + binary,
        "ring of binary and armored keys": binary + text,
        "ring cut within a packet": binary[:-10],
        "ring indented": text.replace(b"-----BEGIN", b"  -----BEGIN"),
        "ring with notes of other letters": "für uns\n".encode() + text,
        "ring that begins with a name": b"\xcd\x01x" + binary,
        "ring with a key of version 3": version_3 + binary,
        "ring with a cut key": binary + b"\xc6" + bytes([7]) + first.body[:7],
        "ring with a damaged statement": binary + b"\xc2\x06\x04\x10\x01\x08\x00\xff",
        "ring with padding in between": text.replace(b"\n\n", b"\n\nQQ==\n", 1),
        "empty ring": b"",
        "ring of a signature": keys.sign(SUMS, "signer"),
        "ring without an empty line": text.replace(b"\n\n", b"\n", 1),
    }
    return {name: Given(ring, [keys.sign(SUMS, "signer")]) for name, ring in rings.items()}
