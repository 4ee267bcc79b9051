"""Keys and keyrings of OpenPGP (RFC 9580): which of them may sign today.

Keys that have expired or were revoked can be told apart, because sqv judges a key by the date of the
signature.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from graphistry_airgap.bundle.trust.packets import (
    BROKEN_DIGESTS,
    PUBLIC_KEY,
    SIGNATURE,
    SUBKEY,
    USER_ATTRIBUTE,
    USER_ID,
    MalformedError,
    Packet,
    Signature,
    armor,
    packets,
    read_signature,
)
from graphistry_airgap.target.host.digests import sha1_name, sha256

_SELF_SIGNATURES = (0x10, 0x11, 0x12, 0x13, 0x1F)
_KEY_REVOCATION, _SUBKEY_BINDING, _SUBKEY_REVOCATION = 0x20, 0x18, 0x28
USABLE, EXPIRED, REVOKED, UNBOUND, WEAK, SHA1, UNKNOWN = (
    "usable",
    "expired",
    "revoked",
    "not certified by itself",
    "too weak",
    "certified by SHA-1 alone",
    "of a kind that is not known here",
)
_RSA, _DSA, _CURVES = (1, 2, 3), 17, (18, 19, 22)
_ELGAMAL = 16
_FIXED = {25: "x25519", 26: "x448", 27: "ed25519", 28: "ed448"}
_CURVE_NAMES = {
    "2a8648ce3d030107": "nistp256",
    "2b81040022": "nistp384",
    "2b81040023": "nistp521",
    "2b06010401da470f01": "ed25519",
}
_LEAST_RSA, _LEAST_RSA_OF_FIPS = 2048, 3072
_VERSIONS = (4, 6)


@dataclass(frozen=True)
class Policy:
    """What whoever uses the keys takes: certifications by SHA-1, keys of unknown kinds."""

    sha1: bool = True
    unknown: bool = True


@dataclass
class Key:
    """One public key or subkey with what its certificate says about it."""

    primary: bool
    packet: Packet
    tail: list[Packet] = field(default_factory=list)

    @property
    def raw(self) -> bytes:
        return b"".join(packet.raw for packet in (self.packet, *self.tail))

    @property
    def fingerprint(self) -> bytes:
        body = self.packet.body
        if body[:1] == b"\x04":
            return sha1_name(b"\x99" + len(body).to_bytes(2, "big") + body)
        if body[:1] == b"\x06":
            return sha256(b"\x9b" + len(body).to_bytes(4, "big") + body).digest()
        raise MalformedError(f"a key of version {body[0] if body else 'none'}")

    @property
    def algorithm(self) -> str:
        """As gpg writes it: rsa3072, nistp384, ed25519 …; the number of an unknown one."""
        body = self.packet.body
        # version 6 keys tell the length of their material before it
        start = 10 if body[:1] == b"\x06" else 6
        if len(body) < start + 2:
            raise MalformedError("a key is cut off")
        number, material = body[5], body[start:]
        if number in _RSA:
            return f"rsa{int.from_bytes(material[:2], 'big')}"
        if number == _DSA:
            return f"dsa{int.from_bytes(material[:2], 'big')}"
        if number in _CURVES:
            oid = material[1 : 1 + material[0]].hex() if material else ""
            return _CURVE_NAMES.get(oid, f"curve {oid}")
        return _FIXED.get(number, f"algorithm {number}")

    @property
    def is_weak(self) -> bool:
        algorithm = self.algorithm
        return algorithm.startswith("dsa") or (
            algorithm.startswith("rsa") and _rsa_bits(algorithm) < _LEAST_RSA
        )

    @property
    def is_known(self) -> bool:
        """Whether today's programs know what it is; those against quantum computers are read by few."""
        return self.packet.body[5] in (*_RSA, _DSA, _ELGAMAL, *_CURVES, *_FIXED)

    @property
    def is_revoked(self) -> bool:
        kind = _KEY_REVOCATION if self.primary else _SUBKEY_REVOCATION
        return any(one.kind == kind for one in self._said())

    def statements(self, certifier: Key) -> list[Signature]:
        """What the certificate's own key says of this one."""
        issuer = certifier.fingerprint
        names = {issuer, issuer[-8:] if len(issuer) == 20 else issuer[:8]}
        kinds = _SELF_SIGNATURES if self.primary else (_SUBKEY_BINDING,)
        return [one for one in self._said() if one.kind in kinds and one.issuers & names]

    def state(self, now: int, certifier: Key, policy: Policy) -> str:
        """The newest statement that the policy takes counts; a revocation is `is_revoked`."""
        own = self.statements(certifier)
        if not (policy.unknown or self.is_known):
            return UNKNOWN
        if not own:
            return UNBOUND
        own = [one for one in own if policy.sha1 or one.digest not in BROKEN_DIGESTS]
        if not own:
            return SHA1
        lifetime = max(own, key=lambda one: one.created).key_lifetime
        born = int.from_bytes(self.packet.body[1:5], "big")
        if lifetime and now >= born + lifetime:
            return EXPIRED
        return WEAK if self.is_weak else USABLE

    def _said(self) -> list[Signature]:
        bodies = [packet.body for packet in self.tail if packet.tag == SIGNATURE]
        return [found for body in bodies if (found := read_signature(body))]


def fits_fips(algorithm: str) -> bool:
    """Whether modules in FIPS mode, old ones too, check signatures of such a key."""
    return algorithm in ("nistp384", "nistp521") or _rsa_bits(algorithm) >= _LEAST_RSA_OF_FIPS


def _rsa_bits(algorithm: str) -> int:
    return int(algorithm[3:]) if algorithm.startswith("rsa") else 0


@dataclass(frozen=True)
class Certificate:
    """One signer: the fingerprint of the primary key in upper-case hex, its algorithm and its state."""

    fingerprint: str
    algorithm: str
    state: str


@dataclass(frozen=True)
class Keyring:
    """`usable_by` has, by version, what of `raw` may sign today; `states` has each key and subkey."""

    raw: bytes
    usable_by: dict[int, bytes]
    certificates: tuple[Certificate, ...]
    states: dict[str, str]

    @property
    def usable(self) -> bytes:
        return b"".join(self.usable_by.values())

    @property
    def fingerprints(self) -> tuple[str, ...]:
        return tuple(one.fingerprint for one in self.certificates if one.state == USABLE)

    @property
    def refused(self) -> tuple[Certificate, ...]:
        return tuple(one for one in self.certificates if one.state != USABLE)


def sift_keyring(raw: bytes, *, now: int, policy: Policy = Policy()) -> Keyring:
    """Split a binary keyring into keys that may sign today and those that may not.

    Of a certificate that is there several times, the copy with the newest statement counts and comes first;
    a revocation counts in each.  The older ones stay, for sqv asks what was said when it was signed.
    Keys of version 6 are kept apart, because programs that know only 4 cannot read a keyring that has both.
    Where the policy does not take keys of unknown kinds, they are not in the keyring at all.
    """
    certificates = _certificates(raw)
    revoked = {_name(key) for keys in certificates for key in keys if key.is_revoked}
    states: dict[str, str] = {}
    usable = dict.fromkeys(_VERSIONS, b"")
    for keys in sorted(certificates, key=_newest_statement, reverse=True):
        for key in keys:
            name, whole = _name(key), states.get(_name(keys[0]), USABLE)
            own = REVOKED if name in revoked else key.state(now, keys[0], policy)
            states.setdefault(name, own if whole == USABLE else whole)
            if states[name] == whole == USABLE:
                usable[keys[0].packet.body[0]] += key.raw
    primaries = {_name(keys[0]): keys[0] for keys in certificates}
    found = tuple(Certificate(name, key.algorithm, states[name]) for name, key in primaries.items())
    if UNKNOWN in states.values():
        known = (keys for keys in certificates if states[_name(keys[0])] != UNKNOWN)
        raw = b"".join(key.raw for keys in known for key in keys)
    return Keyring(raw, usable, found, states)


def _newest_statement(keys: list[Key]) -> int:
    return max((one.created for key in keys for one in key.statements(keys[0])), default=0)


def armored_certificates(raw: bytes) -> bytes:
    """A binary keyring as armor with a block for each certificate: rpm takes one key out of a block."""
    blocks: list[bytes] = []
    for packet in packets(raw):
        if packet.tag == PUBLIC_KEY:
            blocks.append(b"")
        blocks[-1] += packet.raw
    return b"".join(armor(block, "PUBLIC KEY BLOCK") for block in blocks)


def _certificates(raw: bytes) -> list[list[Key]]:
    """Each a primary key followed by its subkeys."""
    found: list[list[Key]] = []
    for packet in packets(raw):
        if packet.tag == PUBLIC_KEY:
            found.append([Key(True, packet)])
        elif not found:
            raise MalformedError("it does not begin with a public key")
        elif packet.tag == SUBKEY:
            found[-1].append(Key(False, packet))
        elif packet.tag in (SIGNATURE, USER_ID, USER_ATTRIBUTE):
            found[-1][-1].tail.append(packet)
    return found


def _name(key: Key) -> str:
    return key.fingerprint.hex().upper()
