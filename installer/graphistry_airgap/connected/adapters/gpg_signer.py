"""Detached OpenPGP signatures with the caller's GnuPG home."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.trust import keyring as openpgp, packets as openpgp_format
from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.adapters.process import require as require_program, run
from graphistry_airgap.core.errors import InputError, StageError

if TYPE_CHECKING:
    from pathlib import Path


# the fingerprint of a primary key comes after its own line, those of subkeys after theirs
_PRIMARY = re.compile(r"^sec:.*\nfpr:(?:[^:]*:){8}([0-9A-F]+):", re.MULTILINE)


class GpgSigner:
    def fingerprint(self, key: str) -> str:
        """The full fingerprint of a secret key that can be used, found before any long work."""
        require_program("gpg", package="gpg")
        listing = ["gpg", "--batch", "--with-colons", "--list-secret-keys", "--", key]
        outcome = run(listing, env=_environment())
        found: list[str] = _PRIMARY.findall(outcome.stdout)
        if not outcome.ok or not found:
            home = os.environ.get("GNUPGHOME", "~/.gnupg")
            raise InputError(
                f"there is no secret key {key} in {home}",
                code="sign-key-missing",
                hint="set GNUPGHOME to the home that holds it; `gpg --list-secret-keys` shows what is there",
            )
        if len(found) > 1:
            raise InputError(
                f"{key} names {len(found)} secret keys: {', '.join(found)}",
                code="sign-key-ambiguous",
                hint="name one of them by its fingerprint",
                details={"found": found, "needed": "one key"},
            )
        return found[0]

    def sign(self, path: Path, signature: Path, key: str) -> None:
        # whatever the caller's gpg.conf says: armor in its one spelling, over bytes, a digest that counts
        plain = ["--armor", "--no-comments", "--no-emit-version", "--no-textmode", "--digest-algo", "SHA512"]
        command = ["gpg", "--batch", *plain, "--detach-sign", "--local-user", key, "--output", "-"]
        outcome = run([*command, str(path)], env=_environment())
        if not outcome.ok:
            raise StageError(
                outcome.refusal(f"gpg could not sign with {key}"),
                code="signing-failed",
                hint="the key must be usable without a prompt: unlock it in gpg-agent first",
            )
        write_atomic(signature, outcome.stdout)

    def remarks(self, key: str) -> list[str]:
        """What the holder of a key should know before hosts are to trust it."""
        exported = run(["gpg", "--batch", "--armor", "--export", key], env=_environment()).stdout
        ring = openpgp.sift_keyring(openpgp_format.dearmor_keyring(exported.encode()), now=int(time.time()))
        return [
            f"The key {one.fingerprint} is {one.algorithm}: hosts in FIPS mode may not be able to check it; "
            "RSA of 3072 bits or more and NIST P-384 work everywhere."
            for one in ring.certificates
            if not openpgp.fits_fips(one.algorithm)
        ]


def _environment() -> dict[str, str]:
    return {
        name: os.environ[name] for name in ("GNUPGHOME", "GPG_TTY", "GPG_AGENT_INFO") if name in os.environ
    }
