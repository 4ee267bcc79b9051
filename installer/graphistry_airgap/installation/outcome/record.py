"""What a run did on its hosts, written down on each; one that found all as recorded writes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks import ladder as rungs
from graphistry_airgap.core.errors import AirgapError
from graphistry_airgap.installation import receipt
from graphistry_airgap.target.change import merged
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphistry_airgap.installation.bring import Outcome
    from graphistry_airgap.installation.ports import Hosts
    from graphistry_airgap.installation.request import Target


@dataclass
class Done:
    """A run's end on one host.

    `facts` are more for its receipt, `notes` for the operator, `left` is for a template's clones to do.
    """

    target: Target
    outcome: Outcome
    facts: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return self.outcome.problem is None


@dataclass(frozen=True)
class Record:
    hosts: Hosts

    def __call__(self, ended: Sequence[Done], *, started: str) -> None:
        """A host that cannot be asked any more has that for its problem, if it had none."""
        asked = [done for done in ended if _has_to_tell(done)]
        answers = self._ask([(done, _tell(done.target)) for done in asked])
        questions = [(done, _question(done, answers.get(done.target.host.name), started)) for done in ended]
        self._ask([(done, question) for done, question in questions if question])

    def _ask(self, questions: Sequence[tuple[Done, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
        answers = self.hosts.ask([(done.target.host, question) for done, question in questions])
        for done, _ in questions:
            said = answers[done.target.host.name]
            if isinstance(said, AirgapError):
                done.outcome.problem = done.outcome.problem or said
        return {name: said for name, said in answers.items() if not isinstance(said, AirgapError)}


def _has_to_tell(done: Done) -> bool:
    if done.outcome.stopped_before_any_change:
        return False
    return done.target.site.is_template or not _as_recorded(done)


def _tell(target: Target) -> dict[str, Any]:
    names = [image.name for image in target.bundle.images]
    return {"ask": "tell", "package_system": target.package_system, "images": names}


def _question(done: Done, said: dict[str, Any] | None, started: str) -> dict[str, Any] | None:
    """Write the receipt, or forget that a run was on its way; nothing where the next one has to know that."""
    if said is None:
        # what a killed run changed, and this one could not get to, waits for the next
        kept = done.outcome.stopped_before_any_change and done.outcome.recap.changes
        return None if kept or _has_to_tell(done) else {"ask": "forget"}
    done.left = receipt.left_for_first_boot(done.target.site, signing_key=said["signing_key"])
    last = done.target.last or {}
    if _as_recorded(done) and last.get("left_for_first_boot") == done.left:
        return {"ask": "forget"}
    stamp = started.replace(":", "").replace("-", "")
    return {"ask": "write", "receipt": _document(done, said, started=started), "stamp": stamp}


def _as_recorded(done: Done) -> bool:
    """Whether a run found everything in place and recorded already."""
    target, recap, last = done.target, done.outcome.recap, done.target.last
    if last is None or not done.complete or recap.changes or recap.changed:
        return False
    return (
        last.get("bundle", {}).get("sums_sha256") == target.provenance.sums
        and last.get("site") == target.site.as_dict()
        and last.get("gpu") == recap.gpu
        and last.get("vgpu") == recap.vgpu
        and last.get("exceptions") == recap.exceptions
        and not receipt.unrecorded(recap.findings, last)
        and rungs.outcomes(last.get("gpu_rungs", [])) == rungs.outcomes(done.outcome.checks.get("rungs", []))
        and last.get("overrides", []) == [asdict(override) for override in target.overrides]
        and last.get("inputs") == _inputs(target)
        and bool(last.get("complete"))
    )


def _document(done: Done, said: dict[str, Any], *, started: str) -> dict[str, Any]:
    target, recap, checks = done.target, done.outcome.recap, done.outcome.checks
    last = target.last or {}
    changes = receipt.package_changes(said["packages_before"], said["packages"])
    groups = target.bundle.platforms[target.provenance.platform].packages.values()
    # what somebody else installs meanwhile is not ours to record, nor to remove one day
    own = {package.name for group in groups for package in group}
    packages = [row for row in changes if row["name"] in own]
    if last.get("bundle", {}).get("sums_sha256") == target.provenance.sums:
        packages = _merge_packages(last.get("packages", []), packages)
    document = receipt.compose(
        tool=__version__,
        site=target.site,
        bundle=target.provenance,
        recap=recap,
        packages=packages,
        images=said["images"],
        checks={key: checks[key] for key in ("passed", "failed", "skipped")} if checks else {},
        first_boot=done.left,
        started=started,
        finished=now(),
        complete=done.complete,
    )
    if not done.complete and last:
        # what a run did not get to is still as the run before left it
        document |= {
            key: last.get(key) for key in ("gpu", "driver", "vgpu", "exceptions") if document[key] is None
        }
    document["added_keys"] = receipt.added_keys(changes, last.get("added_keys", []))
    document |= receipt.taken_over(recap.findings, last)
    document["changes"] = merged(last.get("changes", []), recap.changes)
    document["gpu_rungs"] = checks.get("rungs", [])
    document["inputs"] = _inputs(target)
    document["schema"] = receipt.version(document["inputs"])
    if target.overrides:
        document["overrides"] = [asdict(override) for override in target.overrides]
    return document | {key: value for key, value in done.facts.items() if value}


def _merge_packages(
    earlier: list[dict[str, str | None]], later: list[dict[str, str | None]]
) -> list[dict[str, str | None]]:
    """Changes of an interrupted run and of the one that finished it, as one list."""
    rows = {row["name"]: dict(row) for row in earlier}
    for row in later:
        first = rows.get(row["name"], row)
        rows[row["name"]] = {"name": row["name"], "from": first["from"], "to": row["to"]}
    return [rows[name] for name in sorted(rows, key=str)]


def _inputs(target: Target) -> dict[str, str | None]:
    """For runs that name nothing."""
    inputs = {
        "site": str(target.site_path.absolute()),
        "keyring": str(target.keyring.absolute()) if target.keyring else None,
    }
    return inputs | ({"inventory": str(target.inventory.absolute())} if target.inventory else {})


def now() -> str:
    """UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
