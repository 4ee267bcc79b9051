"""Armor, packets and signatures of OpenPGP (RFC 9580), as far as a verdict needs them.

Armor has one canonical spelling here, so that no flipped byte of a signature file goes unseen.  Nothing here
verifies a signature: that is gpgv's or sqv's work.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# what is inside of a block never holds five dashes, so a block that does not end costs no second look
_BLOCK = re.compile(
    rb"^-----BEGIN PGP (?P<kind>[A-Z ]+)-----[ \t]*\r?\n"
    rb"(?P<inner>(?:(?!-----).)*)^-----END PGP (?P=kind)-----[ \t]*\r?$",
    re.DOTALL | re.MULTILINE,
)
_LINE = 64

SIGNATURE, PUBLIC_KEY, USER_ID, SUBKEY, USER_ATTRIBUTE = 2, 6, 13, 14, 17
_CREATED, _LIFETIME, _KEY_LIFETIME, _ISSUER, _ISSUER_FINGERPRINT = 2, 3, 9, 16, 33
_TIMES = (_CREATED, _LIFETIME, _KEY_LIFETIME)
_OVER_BYTES = 0x00
_DIGESTS = {8: "SHA-256", 9: "SHA-384", 10: "SHA-512"}
# with what these have signed, a forger may have signed something else
BROKEN_DIGESTS = (1, 2, 3)
_WEAK_DIGESTS = {1: "MD5", 2: "SHA-1", 3: "RIPEMD-160", 11: "SHA-224"}


class MalformedError(ValueError):
    """Bytes that are not the OpenPGP data they should be; the text says in what."""


def crc24(data: bytes) -> int:
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc


def armor(data: bytes, kind: str) -> bytes:
    """The canonical armor, as gpg writes it: no headers, lines of 64 characters, checksum, Unix line ends."""
    text = base64.b64encode(data)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    lines.append(b"=" + base64.b64encode(crc24(data).to_bytes(3, "big")))
    name = kind.encode()
    return b"\n".join(
        [b"-----BEGIN PGP " + name + b"-----", b"", *lines, b"-----END PGP " + name + b"-----", b""]
    )


def dearmor_signature(raw: bytes) -> bytes:
    """The packet of an armored detached signature whose armor is canonical.

    The checksum is required although RFC 9580 makes it optional: a signature's unhashed bytes are covered by
    nothing else, and a flip there would go unseen.
    """
    match = _BLOCK.match(raw)
    if match is None or match["kind"] != b"SIGNATURE":
        raise MalformedError("it is not an armored OpenPGP signature")
    data = _decode(match["inner"])
    if raw != armor(data, "SIGNATURE"):
        raise MalformedError("its armor is not canonical: decoded and encoded again it gives other bytes")
    if [packet.tag for packet in packets(data)] != [SIGNATURE]:
        raise MalformedError("it does not hold exactly one signature")
    return data


def dearmor_keyring(raw: bytes) -> bytes:
    """Binary keyring from a binary or armored one (several armored blocks may follow each other)."""
    if b"-----BEGIN PGP" not in raw:
        return raw
    between = _BLOCK.sub(b"", raw)
    # of such a file each program reads another part
    if not between.isascii() or b"\0" in raw:
        raise MalformedError("it holds binary bytes beside armored keys")
    if b"-----BEGIN PGP" in between:
        raise MalformedError("an armored block of it is cut off")
    blocks = [match for match in _BLOCK.finditer(raw) if match["kind"] == b"PUBLIC KEY BLOCK"]
    return b"".join(_decode(match["inner"]) for match in blocks)


def _decode(inner: bytes) -> bytes:
    """Body of one armored block: headers up to the first empty line, base64, perhaps a checksum."""
    lines = [line.strip() for line in inner.split(b"\n")]
    body = lines[lines.index(b"") + 1 :] if b"" in lines else lines
    checksum = None
    text = [line for line in body if line]
    if text and text[-1].startswith(b"="):
        checksum = text.pop()[1:]
    try:
        data = base64.b64decode(b"".join(text), validate=True)
        if checksum is not None and int.from_bytes(base64.b64decode(checksum, validate=True), "big") != crc24(
            data
        ):
            raise MalformedError("the checksum of its armor is wrong")
    except binascii.Error as error:
        raise MalformedError(f"its armor is damaged: {error}") from error
    return data


@dataclass(frozen=True)
class Packet:
    tag: int
    body: bytes
    raw: bytes


def packets(data: bytes) -> Iterator[Packet]:
    """Packets with definite lengths; anything else raises `MalformedError`."""
    position = 0
    while position < len(data):
        first = data[position]
        if not first & 0x80:
            raise MalformedError(f"no OpenPGP packet begins at byte {position}")
        tag, header, length = _new_header(data, position) if first & 0x40 else _old_header(data, position)
        end = position + header + length
        if end > len(data):
            raise MalformedError(f"the packet at byte {position} is cut off")
        yield Packet(tag, data[position + header : end], data[position:end])
        position = end


def _new_header(data: bytes, position: int) -> tuple[int, int, int]:
    size, length = _length(data[position + 1 : position + 6])
    return data[position] & 0x3F, 1 + size, length


def _length(octets: bytes) -> tuple[int, int]:
    """(octets used, value) of a new-format or subpacket length."""
    if not octets:
        raise MalformedError("a length is cut off")
    first = octets[0]
    if first < 192:
        return 1, first
    if first < 224 and len(octets) > 1:
        return 2, ((first - 192) << 8) + octets[1] + 192
    if first == 255 and len(octets) > 4:
        return 5, int.from_bytes(octets[1:5], "big")
    raise MalformedError("a length is partial or cut off")


def _old_header(data: bytes, position: int) -> tuple[int, int, int]:
    kind = data[position] & 3
    if kind == 3:
        raise MalformedError("a packet of indeterminate length")
    size = 1 << kind
    return (
        (data[position] >> 2) & 15,
        1 + size,
        int.from_bytes(data[position + 1 : position + 1 + size], "big"),
    )


@dataclass(frozen=True)
class Signature:
    """`lifetime` is the signature's, `key_lifetime` that of the key it is about: seconds, 0 for ever.

    `digest` is the number of its algorithm.
    """

    kind: int
    digest: int
    created: int
    lifetime: int
    key_lifetime: int
    issuers: frozenset[bytes]


def read_signature(body: bytes) -> Signature | None:
    """What a version 4 or 6 signature says about itself; None for older ones (sqv ignores them too)."""
    if body[:1] not in (b"\x04", b"\x06"):
        return None
    if len(body) < 4:
        raise MalformedError("a signature is cut off")
    width = 2 if body[0] == 4 else 4
    times = dict.fromkeys(_TIMES, 0)
    issuers: set[bytes] = set()
    position = 4
    for hashed in (True, False):
        size = int.from_bytes(body[position : position + width], "big")
        area = body[position + width : position + width + size]
        position += width + size
        if position > len(body):
            raise MalformedError("a signature is cut off")
        for kind, value in _subpackets(area):
            if kind in _TIMES and hashed:
                if len(value) != 4:
                    raise MalformedError("a time has not four bytes")
                times[kind] = int.from_bytes(value, "big")
            elif kind == _ISSUER:
                issuers.add(value)
            elif kind == _ISSUER_FINGERPRINT:
                issuers.add(value[1:])
    lifetimes = times[_LIFETIME], times[_KEY_LIFETIME]
    return Signature(body[1], body[3], times[_CREATED], *lifetimes, frozenset(issuers))


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(area):
        size, length = _length(area[position : position + 5])
        start = position + size
        if length < 1 or start + length > len(area):
            raise MalformedError("a subpacket is cut off")
        yield area[start] & 0x7F, area[start + 1 : start + length]
        position = start + length


def issuers(signature: bytes) -> frozenset[str]:
    """Fingerprints and key ids, upper-case hex, by which a binary signature names the key that made it."""
    said = [read_signature(packet.body) for packet in packets(signature) if packet.tag == SIGNATURE]
    return frozenset(one.hex().upper() for found in said if found for one in found.issuers)


@dataclass(frozen=True)
class Claim:
    """What a signature says of itself, before any program is asked whether it is good.

    `made` is seconds since 1970 and 0 where it is not said; `unfit` says why the signature cannot count,
    whoever made it: gpgv takes digests and kinds that sqv refuses.  `expires` is 0 for never.
    """

    made: int
    unfit: str
    expires: int = 0
    version: int = 0


def claim(signature: bytes) -> Claim:
    """Read a binary signature packet."""
    body = next(packets(signature)).body
    said = read_signature(body)
    if said is None:
        return Claim(0, f"it is of version {body[0] if body else 'none'}, and only 4 and 6 count")
    if said.kind != _OVER_BYTES:
        return Claim(said.created, f"it is of kind 0x{said.kind:02x}, and only 0x00, over bytes, counts")
    if body[3] not in _DIGESTS:
        name = _WEAK_DIGESTS.get(body[3], f"number {body[3]}")
        return Claim(said.created, f"its digest is {name}, and only {', '.join(_DIGESTS.values())} count")
    return Claim(said.created, "", said.created + said.lifetime if said.lifetime else 0, body[0])
