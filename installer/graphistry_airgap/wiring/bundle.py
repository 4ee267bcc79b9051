"""Commands that read a bundle, on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature, read_keyring
from graphistry_airgap.bundle.verify import VerifiedBundle, verification_result, verify_bundle
from graphistry_airgap.core import places
from graphistry_airgap.evidence.files import EvidenceFiles, circumstances
from graphistry_airgap.evidence.verify import VerifyWithReport

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.core.result import Result


def verify(arguments: argparse.Namespace, _: Sequence[str], progress: Progress) -> Result:
    keyring = arguments.keyring or places.KEYRING
    given: dict[str, Any] = {"allow_unsigned": arguments.allow_unsigned, "progress": progress.task}
    if arguments.report is None:
        return verification_result(open_bundle(arguments.path, keyring, say=progress.note, **given))
    return VerifyWithReport(
        lambda place: BundleDirectory(place, progress.note),
        check_signature,
        read_keyring,
        circumstances,
        EvidenceFiles(),
    ).run(arguments.path, keyring, arguments.report, **given)


def inspect(arguments: argparse.Namespace, _: Sequence[str], __: Progress) -> Result:
    return inspect_bundle(
        arguments.path, arguments.keyring, open_directory=BundleDirectory, check_signature=check_signature
    )


def open_bundle(path: Path, keyring: Path, *, say: Callable[[str], None], **options: Any) -> VerifiedBundle:
    return verify_bundle(
        path,
        keyring,
        open_directory=lambda place: BundleDirectory(place, say),
        check_signature=check_signature,
        **options,
    )
