"""When a stage needs a reboot: remember what comes after it, ask for it once, leave nothing afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import AirgapError, InputError, RebootRequiredError, StageError
from graphistry_airgap.installation.reboot.pending import (
    AUTOMATIC,
    MANUAL,
    RESUME_COMMAND,
    Pending,
    RememberedBundle,
    count_reboot,
)
from graphistry_airgap.installation.site_file import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.installation.ports import ResumeState, ResumeUnit
    from graphistry_airgap.installation.request import Target

# in memory on most hosts; media are mounted below the last one, though
_IN_MEMORY, _MEDIA = ("/tmp/", "/dev/shm/", "/run/"), "/run/media/"  # noqa: S108
_LOOK_AT = (
    "`journalctl -k -b` and `dkms status` say why (nouveau still loaded, Secure Boot refusing the module, "
    "a module for another kernel); mend that, restart the host yourself if it needs it, then: "
    f"{RESUME_COMMAND}"
)


@dataclass(frozen=True)
class Demand:
    """What became of a reboot that a stage requires; `mode` is empty when it is refused."""

    problem: AirgapError
    mode: str = ""
    messages: list[str] = field(default_factory=list)

    @property
    def record(self) -> dict[str, Any]:
        """For the receipt of the run that ends here."""
        return {"stage": self.problem.details["stage"], "reason": self.problem.message} if self.mode else {}


@dataclass(frozen=True)
class Reboots:
    states: ResumeState
    unit: ResumeUnit
    boot_id: Callable[[], str]
    schedule_restart: Callable[[], str]

    def demand(self, required: RebootRequiredError, target: Target) -> Demand:
        """Remember the rest of the installation, on disk before anything else happens.

        After one reboot for the same stage it is an error: a second one would not help either.
        """
        stage = required.details["stage"]
        sums = target.provenance.sums
        boot = self.boot_id()
        counts = count_reboot(self._earlier(), stage=stage, boot_id=boot, sums=sums)
        if counts is None:
            return Demand(_no_help(required))
        pending = Pending(
            stage=stage,
            reason=required.message,
            boot_id=boot,
            reboots=counts,
            bundle=RememberedBundle(
                target.provenance.path, target.provenance.id, sums, signed=target.provenance.signed
            ),
            site=str(target.site_path.absolute()),
            site_sha256=digest_of(target.site),
            keyring=str(target.keyring.absolute()) if target.keyring else None,
            mode=target.site.reboot,
            inventory=str(target.inventory.absolute()) if target.inventory else None,
        )
        self.states.save(pending)
        lost = _lost_by_reboot(pending)
        if pending.mode == AUTOMATIC:
            problem = self.unit.install()
            if problem:
                return self._by_hand(required, f"{places.RESUME_UNIT} cannot be enabled: {problem}", *lost)
            return Demand(required, AUTOMATIC, lost)
        self.unit.remove()
        return self._by_hand(required, *lost)

    def restart(self, demand: Demand) -> Demand:
        """The very last step of a run: have the host restarted once the run has ended."""
        if demand.mode != AUTOMATIC:
            return demand
        if problem := self.schedule_restart():
            required = _hinted(demand.problem, "restart this host; the installation then goes on by itself")
            return Demand(
                required, MANUAL, [*demand.messages, f"The restart could not be scheduled: {problem}"]
            )
        stop = f"systemctl stop {places.RESTART_UNIT}.timer"
        required = _hinted(
            demand.problem,
            f"nothing to do: the host restarts in a few seconds (unless you stop it: {stop}) and goes on by "
            "itself; leave the medium in, mounted at boot",
        )
        now = "This host restarts now and goes on with the installation by itself."
        return Demand(required, AUTOMATIC, [now, *demand.messages])

    def of_another_bundle(self, target: Target) -> list[str]:
        """For the operator: what waits here for a reboot, if this run does not go on with it."""
        earlier = self._earlier()
        if earlier is None or earlier.bundle.sums_sha256 == target.provenance.sums:
            return []
        return [
            f"An installation from bundle {earlier.bundle.id} waited here for a reboot ({earlier.reason}); "
            f"this one, from bundle {target.provenance.id}, begins anew."
        ]

    def settle(self, target: Target, *, complete: bool) -> None:
        """A complete installation waits for nothing, and one of another bundle takes the place of this."""
        earlier = self._earlier()
        if complete or (earlier is not None and earlier.bundle.sums_sha256 != target.provenance.sums):
            self.states.forget()
            self.unit.remove()

    def _by_hand(self, required: RebootRequiredError, *messages: str) -> Demand:
        hinted = _hinted(required, f"restart this host, mount the medium again, then run: {RESUME_COMMAND}")
        return Demand(
            hinted, MANUAL, ["This host needs a reboot before the installation can go on.", *messages]
        )

    def _earlier(self) -> Pending | None:
        try:
            return self.states.load()
        except InputError:
            return None  # a damaged one counts for nothing: it is written anew, or removed at the end


def elsewhere(required: RebootRequiredError, target: Target) -> Demand:
    """A host that is not the tool's own machine remembers nothing: the same command goes on."""
    hinted = _hinted(
        required, f"restart {target.host.name}, then run the same command again: it goes on from there"
    )
    return Demand(hinted, MANUAL)


def _lost_by_reboot(pending: Pending) -> list[str]:
    """What the rest of the installation needs, and the reboot takes away."""
    needed = [pending.site, pending.bundle.path, *filter(None, (pending.keyring, pending.inventory))]
    return [
        f"warning: {path} is in memory and does not outlive a reboot: have it there again before going on"
        for path in needed
        if path.startswith(_IN_MEMORY) and not path.startswith(_MEDIA)
    ]


def _no_help(required: RebootRequiredError) -> StageError:
    return StageError(
        f"the reboot did not help: {required.message}",
        code="reboot-without-effect",
        hint=_LOOK_AT,
        details=required.details,
    )


def _hinted(required: AirgapError, hint: str) -> RebootRequiredError:
    return RebootRequiredError(required.message, code=required.code, hint=hint, details=required.details)
