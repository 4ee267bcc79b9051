"""A host as it is found before anything is decided about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.driver import DOCKER
from graphistry_airgap.core import places
from graphistry_airgap.core.errors import HostError, InputError
from graphistry_airgap.installation.reboot.pending import AUTOMATIC
from graphistry_airgap.installation.receipt import parse_receipt
from graphistry_airgap.target.host.platforms import os_release as read_os_release, platform_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphistry_airgap.bundle.manifest import Bundle
    from graphistry_airgap.bundle.verify import VerifiedBundle
    from graphistry_airgap.installation.fleet.answers import Answers
    from graphistry_airgap.installation.site_file import Site

TOOLKIT = "toolkit"


@dataclass(frozen=True)
class FoundHost:
    """`sums_sha256` is of the SHA256SUMS where the bundle lies on the tool's machine; empty without one.

    `dgx` is the version of DGX OS; empty on every other system.
    """

    platform: str
    receipt: dict[str, Any] | None
    stages_begun: bool
    sums_sha256: str
    dgx: str = ""

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> FoundHost:
        """From the answer to `read`; raises InputError for a receipt that is none."""
        text = said["receipt"]
        return cls(
            platform_name(said["os_release"]),
            None if text is None else parse_receipt(text, places.RECEIPT),
            said["stages_begun"],
            said["sums_sha256"],
            said["dgx"],
        )

    def result_of(self, site: Site) -> str:
        """Digest of the SHA256SUMS that is installed here whole, with these answers; empty without."""
        last = self.receipt or {}
        if not last.get("complete") or last.get("site") != site.as_dict():
            return ""
        return str(last["bundle"]["sums_sha256"])

    def part_of(self, bundle: Bundle) -> Bundle:
        """Without the packages that DGX OS has of NVIDIA's: nothing of ours replaces them there."""
        if not self.dgx:
            return bundle
        platform = bundle.platforms[self.platform]
        kept = {
            group: packages
            for group, packages in platform.packages.items()
            if group not in {TOOLKIT, DOCKER} and not group.startswith(f"{DOCKER}-")
        }
        return replace(
            bundle, platforms={**bundle.platforms, self.platform: replace(platform, packages=kept)}
        )

    def require_medium(self, opened: VerifiedBundle) -> None:
        """What was verified is what the host reads: the same list of sums, and each byte where it is used."""
        if self.sums_sha256 == opened.sums_sha256:
            return
        raise HostError(
            f"this host has {'another' if self.sums_sha256 else 'no'} bundle at {opened.path}",
            code="host-without-medium",
            hint=f"mount the medium, or copy the bundle, to {opened.path} there, as on the tool's machine",
            details={
                "found": f"SHA256SUMS of sha256 {self.sums_sha256}"
                if self.sums_sha256
                else "no SHA256SUMS there",
                "needed": f"the bundle {opened.bundle.id}",
                "path": str(opened.path),
            },
        )


def platform_name(os_release: str) -> str:
    """The platform that an os-release(5) names: `debian-13`, or `rhel-9` for Rocky 9 too."""
    said = read_os_release(os_release)
    return platform_of(said.get("ID", ""), said.get("VERSION_ID", ""))


def require_own_reboot(answers: Answers) -> None:
    """A unit of the tool goes on after a restart, and the tool is on its own machine alone."""
    if not answers.host.local and answers.site.reboot == AUTOMATIC:
        raise InputError(
            f"`reboot: automatic` in {answers.said_in('reboot')} cannot be for the host {answers.host.name}",
            code="reboot-elsewhere",
            hint="write `reboot: manual`: a host that needs a restart says so; after it the command goes on",
            details={"found": AUTOMATIC, "needed": "manual", "path": answers.said_in("reboot")},
        )
