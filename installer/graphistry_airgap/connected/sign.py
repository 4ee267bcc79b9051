"""Sign a finished bundle: the first signer's file, or one more beside those that are there.

Nobody should sign what has not been looked at, so every byte is compared with SHA256SUMS first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.checksums import SIGNATURE, SUMS, further_signature, is_signature
from graphistry_airgap.bundle.trust.verdict import Verdict
from graphistry_airgap.bundle.verify import verify_bundle
from graphistry_airgap.core.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphistry_airgap.bundle.ports import BundleReader, CheckSignature
    from graphistry_airgap.connected.ports import Signer

_HINT = (
    "have it signed where it may be written, as a copy if need be; a signature is a file inside the bundle"
)


@dataclass(frozen=True)
class SignBundle:
    open_directory: Callable[[Path], BundleReader]
    check_signature: CheckSignature
    signer: Signer
    require_writable: Callable[[Path, str], None]

    def run(
        self, path: Path, key: str, keyring: Path | None, *, progress: Callable[[str], None] | None = None
    ) -> Result:
        """With a keyring the bundle must have a good signature by one of its keys already."""
        fingerprint = self.signer.fingerprint(key)
        reader = self.open_directory(path)
        self.require_writable(reader.path, _HINT)
        verified = verify_bundle(
            path,
            keyring,
            open_directory=lambda _: reader,
            check_signature=self.check_signature if keyring else _unchecked,
            allow_unsigned=keyring is None,
            progress=progress,
        )
        root = verified.path
        there = sorted(name for name in reader.files() if is_signature(name))
        name = further_signature(fingerprint) if SIGNATURE in there else SIGNATURE
        self.signer.sign(root / SUMS, root / name, fingerprint)
        data = {
            "path": str(root),
            "id": verified.bundle.id,
            "signature": name,
            "signed_by": fingerprint,
            "signatures": sorted({*there, name}),
        }
        return Result(
            data=data,
            messages=[
                f"bundle {verified.bundle.id}: every byte is the one that {SUMS} lists",
                f"signed by {fingerprint}: {name}",
                *self.signer.remarks(fingerprint),
            ],
        )


def _unchecked(*_: Any, **__: Any) -> Verdict:
    """Without a keyring the other signers are not judged; the new signature vouches for the bytes alone."""
    return Verdict()
