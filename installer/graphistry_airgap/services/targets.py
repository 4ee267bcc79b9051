"""Decide what an installation works on: which bundle, site file and keyring, all checked."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.domain import places
from graphistry_airgap.domain.checksums import SUMS
from graphistry_airgap.domain.errors import AirgapError, HostError, InputError
from graphistry_airgap.domain.receipt import Provenance
from graphistry_airgap.domain.signature import require_signers
from graphistry_airgap.domain.site import Site
from graphistry_airgap.services.install import Target
from graphistry_airgap.services.verify_bundle import ALL_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.domain.progress import Progress
    from graphistry_airgap.services.ports import Receipts
    from graphistry_airgap.services.verify_bundle import VerifiedBundle


@dataclass(frozen=True)
class Asked:
    """What the command line named; None means the default."""

    bundle: Path | None
    site: Path | None
    keyring: Path | None
    allow_unsigned: bool
    bytes_checked: str | None = None
    allow_older: bool = False


@dataclass(frozen=True)
class Targets:
    receipts: Receipts
    load_site: Callable[[Path], dict[str, Any]]
    open_bundle: Callable[..., VerifiedBundle]
    bundle_digest: Callable[[Path, str], str]
    host_platform: Callable[[], str]
    progress: Progress

    def decide(self, asked: Asked, *, thorough: bool | None = None) -> Target:
        """Site file first (exit 2), then the bundle (exit 4), then whether they fit the host (exit 3).

        Every byte of the bundle is read unless the host holds its result already;
        what such a run still uses is hashed where it is used.
        """
        last = self.receipts.load() or {}
        inputs = last.get("inputs", {})
        site_path = asked.site or _known(inputs.get("site")) or places.SITE_FILE
        site = Site.from_document(self.load_site(site_path))
        path = asked.bundle or _known(last.get("bundle", {}).get("path"))
        if path is None:
            raise InputError(
                "no bundle was named and no receipt remembers one",
                code="no-bundle",
                hint="name it: --bundle PATH",
            )
        keyring = asked.keyring or places.KEYRING
        if thorough is None:
            thorough = not self._holds_result(last, path, site)
        opened = self._open(path, keyring, asked, read_all=thorough)
        if opened.signature.signed or site.signatures_required > 1:
            require_signers(opened.signature, site.signatures_required)
        platform = self.host_platform()
        if platform not in opened.bundle.platforms:
            raise HostError(
                f"this host is {platform}; the bundle is made for {', '.join(opened.bundle.platforms)}",
                code="wrong-platform",
                hint="build a bundle whose spec names this platform, or install on a host it is made for",
                details={"found": platform, "needed": ", ".join(opened.bundle.platforms)},
            )
        older_than = _older_than(last, opened, allowed=asked.allow_older)
        provenance = Provenance(
            path=str(opened.path),
            id=opened.bundle.id,
            created=opened.bundle.created,
            release=opened.bundle.release.version,
            sums=opened.sums_sha256,
            signers=tuple(opened.signature.signers),
            signed=opened.signature.signed,
            verified=opened.mode,
            platform=platform,
            keys=tuple(
                {"repository": r.name, "path": path, "sha256": opened.bundle.files[path].sha256}
                # without its vendor's signature a list is vouched for by the bundle's alone
                | ({} if r.metadata_signed else {"metadata": "unsigned"})
                for r in opened.bundle.platforms[platform].repositories
                for path in dict.fromkeys((r.signed_by, *r.package_keys))
            ),
            older_than=older_than,
        )
        return Target(
            site, site_path, opened.bundle, provenance, keyring if opened.signature.signed else None
        )

    def _open(self, path: Path, keyring: Path, asked: Asked, *, read_all: bool) -> VerifiedBundle:
        """Bytes that install.sh has just compared with the same SHA256SUMS are not read again."""
        self.progress.stage("bundle")
        begun = time.monotonic()
        done = read_all and asked.bytes_checked is not None and asked.bytes_checked == self._sums(path)
        opened = self.open_bundle(
            path,
            keyring,
            allow_unsigned=asked.allow_unsigned,
            read_all=read_all and not done,
            progress=self.progress.task,
        )
        # the list that counts is the one whose signature was checked, not the one that was looked at before
        if done and opened.sums_sha256 == asked.bytes_checked:
            opened = replace(opened, mode=ALL_BYTES)
        self.progress.stage_done("bundle", 0, time.monotonic() - begun, failed=False)
        return opened

    def _holds_result(self, last: dict[str, Any], path: Path, site: Site) -> bool:
        if not last.get("complete") or last.get("site") != site.as_dict():
            return False
        return bool(last["bundle"]["sums_sha256"] == self._sums(path))

    def _sums(self, path: Path) -> str | None:
        try:
            return self.bundle_digest(path, SUMS)
        except AirgapError:
            return None  # opening the bundle says what is wrong with it


def _older_than(last: dict[str, Any], opened: VerifiedBundle, *, allowed: bool) -> str:
    """When the bundle that this one replaced was made, if that was later.

    A run with the installed bundle, be it the one after an interruption, keeps the answer of the first.
    """
    installed = last.get("bundle", {})
    if installed.get("id") == opened.bundle.id:
        return str(installed.get("older_than", ""))
    created = str(installed.get("created", ""))
    if created <= opened.bundle.created:
        return ""
    if not allowed:
        raise _older(opened, installed)
    return created


def _older(opened: VerifiedBundle, installed: dict[str, Any]) -> HostError:
    """Its signature holds, and yet it may be an old medium, or one that somebody swapped for it."""
    return HostError(
        f"the bundle {opened.bundle.id} ({opened.bundle.release.version}) was made {opened.bundle.created}, "
        f"this host was installed from one made {installed['created']} ({installed['release']})",
        code="bundle-older",
        hint="bring the newer bundle; to go back on purpose, add --allow-older (the receipt records it)",
        details={"found": opened.bundle.created, "needed": f"{installed['created']} or later"},
    )


def _known(value: str | None) -> Path | None:
    return Path(value) if value else None
