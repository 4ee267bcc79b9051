"""`install --resume`: from what was remembered before the reboot to what the installation works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import BundleError, InputError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.reboot.pending import RESUME_COMMAND, Resumed, not_rebooted
from graphistry_airgap.installation.site_file import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.installation.ports import Media, Receipts, ResumeState
    from graphistry_airgap.installation.reboot.pending import Pending
    from graphistry_airgap.installation.request import Decided, Request, Target
    from graphistry_airgap.installation.site_file import Site


@dataclass(frozen=True)
class Resume:
    states: ResumeState
    media: Media
    receipts: Receipts
    boot_id: Callable[[], str]

    def run(
        self,
        request: Request,
        decide: Callable[[Request], Decided],
        install: Callable[[Decided, Resumed], Result],
    ) -> Result:
        """As long as the host was not restarted nothing is done, and the answer is exit 10 again."""
        pending = self.remembered()
        if pending.boot_id == self.boot_id():
            return failed(not_rebooted(pending), {"reboot": pending.mode})
        here = decide(self.inputs(pending, request)).here()
        return install(here, self.check(pending, here.targets[0]))

    def remembered(self) -> Pending:
        pending = self.states.load()
        if pending is None:
            raise InputError(
                "there is nothing to resume: no installation waits for a reboot on this host",
                code="nothing-to-resume",
                hint="start one: install --bundle PATH (which goes on with an interrupted one, too)",
            )
        return pending

    def inputs(self, pending: Pending, request: Request) -> Request:
        """The remembered site file, keyring and bundle; the medium may have come back elsewhere."""
        return replace(
            request,
            bundle=self._bundle(pending, request.bundle),
            site=Path(pending.site),
            inventory=request.inventory or (Path(pending.inventory) if pending.inventory else None),
            keyring=request.keyring or (Path(pending.keyring) if pending.keyring else None),
            allow_unsigned=request.allow_unsigned or not pending.bundle.signed,
        )

    def check(self, pending: Pending, target: Target) -> Resumed:
        """The opened bundle must be the remembered one; a site file that differs is told, not hidden."""
        if target.provenance.sums != pending.bundle.sums_sha256:
            raise _other_bundle(pending, Path(target.provenance.path), target.provenance.id)
        changed = digest_of(target.site) != pending.site_sha256
        record = {"stage": pending.stage, "reboots": pending.reboots, "site_changed": changed}
        if not changed:
            return Resumed(record)
        what = ", ".join(self._changed_answers(target.site)) or "its answers"
        warning = (
            f"warning: the site file {pending.site} is not the one from before the reboot ({what}); "
            "the installation goes on with the present one"
        )
        return Resumed(record | {"changed_answers": what}, [warning])

    def _bundle(self, pending: Pending, named: Path | None) -> Path:
        wanted = pending.bundle
        if named is not None:
            found = self.media.sums_digest(named)
            if found is None or found == wanted.sums_sha256:
                return named  # opening it says what is wrong with it
            raise _other_bundle(pending, named, self.media.bundle_id(named))
        found_at = self.media.find(wanted.sums_sha256, Path(wanted.path))
        if found_at is not None:
            return found_at
        if self.media.sums_digest(Path(wanted.path)) is not None:
            raise _other_bundle(pending, Path(wanted.path), self.media.bundle_id(Path(wanted.path)))
        raise InputError(
            f"the medium is not there: no mounted file system has the bundle {wanted.id}",
            code="medium-missing",
            hint=f"mount the medium, at any place, and run the same command again; or name it: "
            f"{RESUME_COMMAND} --bundle PATH",
            details={
                "found": "looked at "
                + ", ".join(map(str, self.media.places(Path(wanted.path))))
                + " and the directories directly below",
                "needed": f"a directory with bundle {wanted.id} (it was at {wanted.path})",
                "bundle": wanted.id,
            },
        )

    def _changed_answers(self, site: Site) -> list[str]:
        """Names of the answers that differ from those of the run before, as far as its receipt tells."""
        before = (self.receipts.load() or {}).get("site", {})
        return sorted(key for key, value in site.as_dict().items() if before.get(key) != value)


def _other_bundle(pending: Pending, place: Path, found: str) -> BundleError:
    return BundleError(
        f"the bundle at {place} is not the one that the installation was started from",
        code="other-bundle",
        hint=f"bring the medium with the bundle {pending.bundle.id}; "
        "or start over with this one: the same command with --bundle and without --resume",
        details={"found": f"bundle {found}", "needed": f"bundle {pending.bundle.id}", "path": str(place)},
    )
