"""Verify a bundle and write down what was found, whether it holds or not.

Verification itself is not touched: the two doors through which it sees a bundle are watched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from graphistry_airgap.bundle.checksums import SUMS
from graphistry_airgap.bundle.inspection import descriptions
from graphistry_airgap.bundle.verify import VerifiedBundle, verification_result, verify_bundle
from graphistry_airgap.core.canonical import sha256_hex
from graphistry_airgap.core.errors import AirgapError, InputError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.evidence.document import Watched, evidence
from graphistry_airgap.evidence.page import evidence_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from graphistry_airgap.bundle.ports import BundleReader, CheckSignature
    from graphistry_airgap.bundle.trust.verdict import Keyring, Verdict


class EvidenceFiles(Protocol):
    """Where a report may lie, and writing it."""

    def check(self, report: Path) -> None: ...
    def check_outside(self, report: Path, bundle: Path) -> None: ...
    def save(self, report: Path, document: bytes, page: str) -> list[str]: ...


@dataclass(frozen=True)
class VerifyWithReport:
    """`read_keyring` gives the keys of a keyring, `circumstances` who runs what where."""

    open_directory: Callable[[Path], BundleReader]
    check_signature: CheckSignature
    read_keyring: Callable[[Path, Path], Keyring]
    circumstances: Callable[[], dict[str, Any]]
    files: EvidenceFiles

    def run(
        self,
        path: Path,
        keyring: Path,
        report: Path,
        *,
        allow_unsigned: bool = False,
        progress: Callable[[str], None] | None = None,
    ) -> Result:
        """The result of `bundle verify`; its exit code is the verification's."""
        self.files.check(report)
        self.files.check_outside(report, path)
        started, watched = _now(), Watched(path=str(path))
        seen: _Seen | None = None
        try:
            reader = _Reader(self.open_directory(path), watched)
        except AirgapError as error:
            result = failed(error)
        else:
            given = {"allow_unsigned": allow_unsigned, "progress": progress}
            result, seen = self._verify(reader, keyring, watched, **given)
        document = evidence(
            watched,
            exit_code=result.exit_code,
            errors=result.errors,
            bundle=seen.verified.bundle if seen else None,
            listed=len(seen.verified.sums) if seen else None,
            descriptions=seen.descriptions if seen else {},
            keyring=self._keyring(keyring, path),
            circumstances={**self.circumstances(), "started": started, "finished": _now()},
        )
        return self._save(report, document, result)

    def _verify(
        self, reader: _Reader, keyring: Path, watched: Watched, **options: Any
    ) -> tuple[Result, _Seen | None]:
        try:
            verified = verify_bundle(
                reader.path,
                keyring,
                open_directory=lambda _: reader,
                check_signature=_watching(self.check_signature, watched),
                **options,
            )
            found, _ = descriptions(reader, verified.bundle)
        except AirgapError as error:
            return failed(error), None
        return verification_result(verified), _Seen(verified, found)

    def _keyring(self, keyring: Path, bundle: Path) -> Keyring | None:
        """Why there is none, the verification itself has said."""
        try:
            return self.read_keyring(keyring, bundle)
        except AirgapError:
            return None

    def _save(self, report: Path, document: Mapping[str, Any], result: Result) -> Result:
        try:
            # in ASCII, for a bad file's name need not be text
            raw = json.dumps(document, sort_keys=True, indent=2).encode() + b"\n"
            names = self.files.save(report, raw, evidence_page(document))
        except OSError as error:
            lost = InputError(
                f"the report {report} cannot be written: {error.strerror}",
                code="report-unwritable",
                hint="make room, or name another place; the verdict above does not depend on it",
            )
            code = result.exit_code if result.errors else lost.exit_code
            return Result(result.data, result.messages, code, [*result.errors, lost])
        return Result(
            {**result.data, "report": names},
            [*result.messages, f"report: {', '.join(names)}"],
            result.exit_code,
            result.errors,
        )


@dataclass(frozen=True)
class _Seen:
    """Of a bundle that holds."""

    verified: VerifiedBundle
    descriptions: dict[str, Any]


class _Reader:
    """A bundle's reader that notes what is asked of it."""

    def __init__(self, reader: BundleReader, watched: Watched) -> None:
        self.reader = reader
        self.path = reader.path
        self.watched = watched
        watched.path = str(reader.path)

    def files(self) -> dict[str, int]:
        self.watched.sizes = found = self.reader.files()
        return found

    def read(self, path: str) -> bytes:
        data = self.reader.read(path)
        self.watched.read[path] = len(data)
        if path == SUMS:
            self.watched.sums_sha256 = sha256_hex(data)
        return data

    def digest(self, path: str) -> str:
        found = self.reader.digest(path)
        self.watched.read[path] = self.watched.sizes.get(path, 0)
        return found


def _watching(check: CheckSignature, watched: Watched) -> CheckSignature:
    def judge(sums: bytes, signatures: Mapping[str, bytes], **options: Any) -> Verdict:
        watched.signatures = {name: sha256_hex(raw) for name, raw in signatures.items()}
        watched.verdict = verdict = check(sums, signatures, **options)
        return verdict

    return judge


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
