"""Throw-away OpenPGP keys for tests, made with gpg in a home of their own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO, EXPIRY = "20240101T000000!", "20240201T000000"
TO_COME = "20390101T000000!"


@dataclass(frozen=True)
class Keys:
    """One GnuPG home; keys are named by their whole user id."""

    home: Path

    def gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
        done = subprocess.run(
            [*command, "--passphrase", "", *arguments], input=stdin, capture_output=True, check=True
        )
        return done.stdout

    def make(
        self,
        name: str,
        algorithm: str = "ed25519",
        *,
        expires: str = "never",
        at: str | None = None,
        digest: str = "SHA512",
    ) -> str:
        """`digest`: what the key is certified by."""
        options = (*_at(at), "--cert-digest-algo", digest)
        self.gpg(*options, "--quick-generate-key", name, algorithm, "sign", expires)
        return self.fingerprint(name)

    def fingerprint(self, name: str) -> str:
        lines = self.gpg("--with-colons", "--list-keys", f"={name}").decode().splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))

    def public(self, *names: str, armored: bool = False) -> bytes:
        return self.gpg(*(["--armor"] if armored else []), "--export", *(f"={name}" for name in names))

    def sign(self, data: bytes, name: str, *, at: str | None = None, options: tuple[str, ...] = ()) -> bytes:
        return self.gpg(
            *_at(at),
            *options,
            "--local-user",
            f"={name}",
            "--armor",
            "--detach-sign",
            "--output",
            "-",
            stdin=data,
        )

    def stop(self) -> None:
        """End the agent that gpg has started for this home."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=True)

    def add_subkey(self, name: str, algorithm: str, *, expires: str = "never", at: str | None = None) -> None:
        self.gpg(*_at(at), "--quick-add-key", self.fingerprint(name), algorithm, "sign", expires)

    def add_subkey_by_sha1(self, name: str) -> None:
        """One that SHA-1 alone binds to its key, which gpg does only when told twice."""
        weak = ("--allow-weak-key-signatures", "--allow-weak-digest-algos", "--cert-digest-algo", "SHA1")
        self.gpg(*weak, "--quick-add-key", self.fingerprint(name), "rsa3072", "sign", "never")

    def revoke(self, name: str, *, superseded: bool = False) -> None:
        """For no stated reason, which is a hard revocation, or softly, as superseded."""
        if superseded:
            certificate = self._answer("y 2 . y", "--gen-revoke", name)
        else:
            path = self.home / "openpgp-revocs.d" / f"{self.fingerprint(name)}.rev"
            certificate = path.read_bytes().replace(b"\n:-----", b"\n-----")
        self.gpg("--import", stdin=certificate)

    def revoke_subkey(self, name: str) -> None:
        self._answer("key=1 revkey y 0 . y save", "--edit-key", name)

    def _answer(self, answers: str, *arguments: str) -> bytes:
        """What gpg does only after questions; `.` is an empty answer, `=` a blank."""
        lines = [answer.replace("=", " ").strip(".") for answer in answers.split()]
        command = ["gpg", "--homedir", str(self.home), "--no-tty", "--quiet", "--pinentry-mode", "loopback"]
        done = subprocess.run(
            [*command, "--passphrase", "", "--command-fd", "0", *arguments],
            input="".join(f"{line}\n" for line in lines).encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout


def _at(moment: str | None) -> list[str]:
    return ["--faked-system-time", moment] if moment else []


def unknown_key() -> bytes:
    """A key of version 6 and of an algorithm that no program here knows, as post-quantum ones are."""
    material = bytes(range(200))
    body = b"\x06" + b"\x65\0\0\0" + b"\x1f" + len(material).to_bytes(4, "big") + material
    return b"\xc6\xff" + len(body).to_bytes(4, "big") + body


def make_keys(home: Path) -> Keys:
    """signer (RSA-3072), second, stranger, expired, and revoked after it has signed."""
    home.mkdir(mode=0o700, parents=True)
    keys = Keys(home)
    keys.make("signer", "rsa3072")
    keys.make("second")
    keys.make("stranger")
    keys.make("expired", expires=EXPIRY, at=LONG_AGO)
    keys.make("revoked")
    return keys
