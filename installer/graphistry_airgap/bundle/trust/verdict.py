"""The verdict about the signatures over SHA256SUMS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphistry_airgap.bundle.trust.keyring import Certificate


from graphistry_airgap.core.errors import BundleError


@dataclass(frozen=True)
class Verdict:
    """`signers` are primary-key fingerprints; none only where an unsigned bundle was explicitly allowed.

    `good` are the signature files that count with their signers, `ignored` the others with the reason.
    """

    signers: tuple[str, ...] = ()
    tool: str = ""
    ignored: tuple[tuple[str, str], ...] = ()
    good: tuple[tuple[str, str], ...] = ()

    @property
    def signed(self) -> bool:
        return bool(self.signers)

    @property
    def text(self) -> str:
        return "good" if self.signed else "unsigned, allowed by --allow-unsigned"

    def as_dict(self) -> dict[str, object]:
        return {
            "verdict": "good" if self.signed else "unsigned",
            "signers": list(self.signers),
            "ignored": [{"path": path, "reason": reason} for path, reason in self.ignored],
            "tool": self.tool,
            "allowed_unsigned": not self.signed,
        }

    def lines(self) -> list[str]:
        """For people."""
        if not self.signed:
            return ["NOT SIGNED; --allow-unsigned took it as it is"]
        ignored = [f"{path} does not count: {reason}" for path, reason in self.ignored]
        return [f"signed by {', '.join(self.signers)}", *ignored]


def require_signers(verdict: Verdict, needed: int) -> None:
    """Refuse a bundle that fewer trusted keys have signed than the host asks for."""
    if len(verdict.signers) >= needed:
        return
    ignored = "".join(f"; {path} does not count: {reason}" for path, reason in verdict.ignored)
    raise BundleError(
        f"signed by {len(verdict.signers)} of the trusted keys, and this host asks for {needed}{ignored}",
        code="signatures-too-few",
        hint="let the next signer run `graphistry-airgap bundle sign` and bring the new file to the medium",
        details={"found": ", ".join(verdict.signers), "needed": f"{needed} different trusted keys"},
    )


@dataclass(frozen=True)
class Keyring:
    path: str
    sha256: str
    keys: tuple[Certificate, ...]
