"""The verdict about the signatures over SHA256SUMS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """`signers` are primary-key fingerprints; none only where an unsigned bundle was explicitly allowed."""

    signers: tuple[str, ...] = ()
    tool: str = ""

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
            "tool": self.tool,
            "allowed_unsigned": not self.signed,
        }
