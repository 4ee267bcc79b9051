"""Detached signatures over SHA256SUMS, judged with the operator's keyring by gpgv, else by sqv.

gpgv's exit status calls expired and revoked keys good, so the verdict is read from its status lines.
sqv (all that Debian 13's base system has) prints the signing certificates.  It refuses revoked keys and
expired signatures, but it judges a key by the date of the signature: what a key signed before it expired, or
before a "superseded" revocation, stays good for ever.  So both get only keys that are usable today.
sqv reads armored keyrings, gpgv only binary ones; both get a binary one.

`install.sh` judges before there is a Python, with the same verdicts in the same words; what stands in
brackets at the end of a reason is said here alone.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.checksums import SIGNATURE, SUMS
from graphistry_airgap.bundle.trust import keyring as openpgp, packets as openpgp_format
from graphistry_airgap.bundle.trust.verdict import Keyring, Verdict
from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.private_dir import private_parent
from graphistry_airgap.core.adapters.process import FIXED_PATH, Outcome, run
from graphistry_airgap.core.canonical import sha256_hex
from graphistry_airgap.core.errors import BundleError, HostEnvironmentError, HostError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOOLS = ("gpgv", "sqv")
_STATUS = "[GNUPG:] "
_REASONS = {
    "EXPKEYSIG": "the key that made it has expired",
    "REVKEYSIG": "the key that made it was revoked",
    "EXPSIG": "the signature has expired",
    "BADSIG": "it is not a signature over this {what}",
    "NO_PUBKEY": "it was made by a key that is not in the keyring",
    "ERRSIG": "it cannot be checked",
    "NODATA": "it holds no signature",
}
_NOT_CANONICAL = "it is not one armored OpenPGP signature in canonical form; it was changed or damaged"
# seconds that two clocks may differ, as for sqv
_SKEW = 1800
# a distribution's whole keyring has 100 KiB
_LARGEST_KEYRING = 4 << 20
_FINGERPRINT = re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}")


def check_signature(
    sums: bytes,
    signatures: Mapping[str, bytes],
    *,
    bundle: Path,
    keyring: Path | None,
    allow_unsigned: bool = False,
    tools: tuple[str, ...] = TOOLS,
) -> Verdict:
    """One good signature by a usable key of `keyring` suffices; none is an error.

    Where one is from the future, that is an error of the host (`HostError`), whose clock must be set first.
    `allow_unsigned` covers a bundle that carries no signature at all, never one whose signature is bad.
    """
    if allow_unsigned and not signatures:
        return Verdict()
    trusted = _load_keyring(keyring, bundle)
    if not signatures:
        raise BundleError(
            f"the bundle carries no signature: {SIGNATURE} is missing",
            code="signature-missing",
            hint="copy the bundle again with its signature, or sign it; --allow-unsigned takes it as it is",
            details={
                "path": SIGNATURE,
                "found": "no signature",
                "needed": "a signature by a key of the keyring",
            },
        )
    tool = _find(tools)
    signers: list[str] = []
    reasons: dict[str, str] = {}
    good: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="graphistry-airgap-", dir=private_parent()) as folder:
        for name, raw in signatures.items():
            found, reason = _judge(tool, Path(folder), sums, raw, trusted)
            signers += [one for one in found if one not in signers]
            good += [(name, one) for one in found]
            if reason:
                reasons[name] = reason
    if not signers:
        newest = max(_made(raw) for raw in signatures.values())
        if newest > trusted.now + _SKEW:
            raise _clock_behind(newest, trusted.now)
        raise _refused(reasons, trusted)
    return Verdict(tuple(signers), tool, tuple(reasons.items()), tuple(good))


def read_keyring(keyring: Path, bundle: Path) -> Keyring:
    """The keys that `check_signature` would ask, and the state of each."""
    trusted = _load_keyring(keyring, bundle)
    return Keyring(str(keyring.absolute()), trusted.sha256, trusted.keys.certificates)


def _refused(reasons: dict[str, str], trusted: _Trusted) -> BundleError:
    known = ", ".join(trusted.keys.fingerprints) or "none"
    dead = ", ".join(f"{one.fingerprint} is {one.state}" for one in trusted.keys.refused)
    clock = any("expired" in why for why in reasons.values())
    path, reason = next(iter(reasons.items()))
    return BundleError(
        "; ".join(f"{name} is not a good signature: {why}" for name, why in reasons.items()),
        code="signature-invalid",
        hint=f"the keyring's usable keys are: {known}"
        + (f" ({dead})" if dead else "")
        + (f"; this host's clock says {_moment(trusted.now)}" if clock else "")
        + "; get the bundle or the signer's key from a source that you trust, never from the medium",
        details={
            "path": path,
            "found": reason,
            "needed": f"a signature by a usable key of {trusted.path}",
            "signatures": [{"path": name, "reason": why} for name, why in reasons.items()],
        },
    )


def _clock_behind(made: int, now: int) -> HostError:
    return HostError(
        f"the signature says that it was made {_moment(made)}, and this host's clock says {_moment(now)}",
        code="clock-before-signature",
        hint="set this host's clock (timedatectl) and repeat; if the clock is right, refuse the bundle: the "
        "clock of whoever signed it is wrong, or the signature was changed",
        details={"found": _moment(now), "needed": f"{_moment(made)} or later"},
    )


def _made(raw: bytes) -> int:
    """When a signature file says that it was made; 0 where it cannot be read."""
    try:
        return openpgp_format.claim(openpgp_format.dearmor_signature(raw)).made
    except openpgp_format.MalformedError:
        return 0


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Trusted:
    """The operator's keyring, dearmored and sifted."""

    def __init__(self, path: Path, raw: bytes) -> None:
        self.path = path
        self.sha256 = sha256_hex(raw)
        self.raw = openpgp_format.dearmor_keyring(raw)
        self.now = int(time.time())
        self.keys = openpgp.sift_keyring(self.raw, now=self.now)


def _load_keyring(keyring: Path | None, bundle: Path) -> _Trusted:
    if keyring is None:
        raise _keyring_error("no keyring was named", "keyring-missing", None)
    try:
        raw = _bytes(keyring)
    except FileNotFoundError as error:
        raise _keyring_error(f"the keyring {keyring} does not exist", "keyring-missing", keyring) from error
    except OSError as error:
        text = f"the keyring {keyring} cannot be read: {error.strerror}"
        raise _keyring_error(text, "keyring-unreadable", keyring) from error
    if raw is None:
        text = f"the keyring {keyring} is not a file"
        raise _keyring_error(text, "keyring-unreadable", keyring)
    if len(raw) > _LARGEST_KEYRING:
        text = f"the keyring {keyring} is larger than {_LARGEST_KEYRING >> 20} MiB, which no keyring is"
        raise _keyring_error(text, "keyring-malformed", keyring)
    if keyring == places.KEYRING and (keyring.stat().st_uid != 0 or keyring.stat().st_mode & 0o022):
        raise InputError(
            f"{keyring} must belong to root and be writable by nobody else",
            code="keyring-unsafe",
            hint=f"chown root: {keyring} && chmod 644 {keyring}",
            details={
                "found": f"mode {keyring.stat().st_mode & 0o777:o}",
                "needed": "root's file, 644 or stricter",
            },
        )
    # a loop of links makes Path.resolve raise
    if Path(os.path.realpath(keyring)).is_relative_to(os.path.realpath(bundle)):
        raise BundleError(
            f"the keyring {keyring} lies inside the bundle",
            code="keyring-in-bundle",
            hint="a bundle cannot vouch for itself: name a keyring that came to this host another way",
            details={"found": str(keyring.resolve()), "needed": f"a keyring outside {bundle.resolve()}"},
        )
    try:
        trusted = _Trusted(keyring, raw)
    except openpgp_format.MalformedError as error:
        text = f"the keyring {keyring} is not an OpenPGP keyring: {error}"
        raise _keyring_error(text, "keyring-malformed", keyring) from error
    if not trusted.keys.fingerprints and not trusted.keys.refused:
        raise _keyring_error(f"the keyring {keyring} holds no public key", "keyring-empty", keyring)
    return trusted


def _bytes(keyring: Path) -> bytes | None:
    """None for what is no file: a pipe may never begin, and a device never end."""
    with os.fdopen(os.open(keyring, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return None
        return stream.read(_LARGEST_KEYRING + 1)


def _keyring_error(message: str, code: str, keyring: Path | None) -> InputError:
    return InputError(
        message,
        code=code,
        hint="name the file of your trusted public keys (`gpg --export KEY > FILE`) with --keyring",
        details={
            "found": str(keyring) if keyring else "nothing",
            "needed": "a keyring of trusted public keys",
        },
    )


def _find(tools: tuple[str, ...]) -> str:
    for tool in tools:
        if shutil.which(tool, path=FIXED_PATH):
            return tool
    raise HostEnvironmentError(
        f"no program that checks signatures was found: {' or '.join(tools)}",
        code="program-missing",
        hint="install the package gpgv, or on Debian 13 sqv",
        details={"found": "neither", "needed": " or ".join(tools)},
    )


def _judge(tool: str, folder: Path, sums: bytes, raw: bytes, trusted: _Trusted) -> tuple[list[str], str]:
    """(fingerprints of good signers, why there are none)."""
    try:
        binary = openpgp_format.dearmor_signature(raw)
    except openpgp_format.MalformedError as error:
        return [], f"{_NOT_CANONICAL} ({error})"
    try:
        claim = openpgp_format.claim(binary)
        against = claim.unfit or _issuer_state(binary, trusted.keys)
    except openpgp_format.MalformedError as error:
        return [], f"it is damaged ({error})"
    if claim.made > trusted.now + _SKEW:  # gpgv would pass over it
        against = f"it says that it was made in the future ({_moment(claim.made)})"
    elif claim.expires and trusted.now >= claim.expires:
        against = against or f"{_REASONS['EXPSIG']} ({_moment(claim.expires)})"
    if against or not trusted.keys.usable_by[claim.version]:
        return [], against or _REASONS["NO_PUBKEY"]
    ring, signature, data = folder / "keyring.gpg", folder / "signature.asc", folder / "data"
    signature.write_bytes(raw)
    data.write_bytes(sums)
    ring.write_bytes(trusted.keys.usable_by[claim.version])
    return gpgv(ring, signature, data, what=SUMS) if tool == "gpgv" else _sqv(ring, signature, data)


def _issuer_state(signature: bytes, keys: openpgp.Keyring) -> str:
    """Why the key that a signature names cannot count; the programs are asked only about keys that can."""
    named = openpgp_format.issuers(signature)
    for fingerprint, state in keys.states.items():
        key_id = fingerprint[-16:] if len(fingerprint) == 40 else fingerprint[:16]
        if state != openpgp.USABLE and named & {fingerprint, key_id}:
            return f"the key that made it is {state} ({fingerprint})"
    return ""


def gpgv(ring: Path, signature: Path, data: Path, *, what: str) -> tuple[list[str], str]:
    """(fingerprints of good signers, why there are none); `ring` is binary, `what` names the data."""
    argv = ["gpgv", "--homedir", str(ring.parent), "--keyring", str(ring), "--status-fd", "1"]
    outcome = run([*argv, str(signature), str(data)])
    lines = [
        line.removeprefix(_STATUS).split() for line in outcome.stdout.splitlines() if line.startswith(_STATUS)
    ]
    said = {line[0]: line[1:] for line in lines if line}
    for status, reason in _REASONS.items():
        if status in said:
            text = reason.format(what=what)
            return [], f"{text} ({said[status][0]})" if status != "NODATA" else text
    if not outcome.ok or "VALIDSIG" not in said:
        return [], _silent("gpgv", outcome)
    return [said["VALIDSIG"][-1]], ""  # the last field is the primary key's fingerprint


def _sqv(ring: Path, signature: Path, data: Path) -> tuple[list[str], str]:
    # the positional form is the only one that Debian 12's and Debian 13's sqv both know
    outcome = run(["sqv", "--keyring", str(ring), str(signature), str(data)])
    found = [line for line in outcome.stdout.split() if _FINGERPRINT.fullmatch(line)]
    if outcome.ok and found:
        return found, ""
    if missing := re.search(r"Missing key ([0-9A-F]+)", outcome.stderr):
        return [], f"{_REASONS['NO_PUBKEY']} ({missing[1]})"
    if "Message has been manipulated" in outcome.stderr:
        return [], _REASONS["BADSIG"].format(what=SUMS)
    return [], _silent("sqv", outcome)


def _silent(tool: str, outcome: Outcome) -> str:
    return f"{tool} gave no verdict" + (f" ({outcome.words})" if outcome.words else "")
