"""`install --plan`: a run that does what a plan says, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import DriftError, raise_all
from graphistry_airgap.core.result import failed
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.lifecycle import plan_document, plan_text
from graphistry_airgap.installation.lifecycle.foretell import foretell
from graphistry_airgap.installation.outcome.results import named
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from graphistry_airgap.core.errors import AirgapError
    from graphistry_airgap.installation.bring import Bring
    from graphistry_airgap.installation.request import Decided

# of a plan's host; findings change with the day, and stop nothing
_BASIS = ("platform", "purpose", "release", "bundle", "site", "overrides")
_SHOWN = 20


@dataclass(frozen=True)
class Planned:
    """A plan that was read from `path`; its document is as `plan-v1` wants it."""

    path: Path
    document: Mapping[str, Any]

    def require(self, bring: Bring, held: Decided, log: Callable[[dict[str, Any]], None]) -> None:
        """Raises where a host cannot be asked or differs: then nothing is done on any of them."""
        _stop(held.refused)
        hosts = {one["host"]: one for one in self.document["hosts"]}
        self._refuse(list(_of_run(self.document, hosts, held)))
        recaps = foretell(bring, held, log)
        _stop({name: failure_of(one.failures[0]) for name, one in recaps.items() if one.failed})
        differs = []
        for target in held.targets:
            name = target.host.name
            differs += [
                f"{name}: {line}"
                for line in _of_host(hosts[name], plan_document.of_host(target, recaps[name]))
            ]
        self._refuse(differs)

    def _refuse(self, differs: list[str]) -> None:
        if not differs:
            return
        shown = differs[:_SHOWN]
        more = [f"and {len(differs) - _SHOWN} more"] if len(differs) > _SHOWN else []
        raise DriftError(
            "\n".join([f"the plan {self.path} does not fit any more:", *shown, *more]),
            code="plan-differs",
            hint="nothing was changed; make a new plan, have it looked at, and install by that one",
            details={"path": str(self.path), "differs": differs},
        )


def _stop(problems: Mapping[str, AirgapError]) -> None:
    """By all problems of the hosts that have one, each with whose it is."""
    raise_all([named(error, name) for name, problem in problems.items() for error in failed(problem).errors])


def _of_run(document: Mapping[str, Any], hosts: Mapping[str, Any], held: Decided) -> Iterator[str]:
    """What can be said without asking the hosts."""
    if document["tool"] != __version__:
        yield f"it was made by version {document['tool']} of the tool, this is {__version__}"
    asked = {one.host.name: one for one in held.targets}
    if asked.keys() != hosts.keys():
        yield f"it is for {', '.join(sorted(hosts))}; this run is for {', '.join(sorted(asked))}"
        return
    for name, target in asked.items():
        now = plan_document.basis(target)
        for key in _BASIS:
            if hosts[name][key] != now[key]:
                yield f"{name}: {key} was {_compact(hosts[name][key])}, and is {_compact(now[key])}"


def _of_host(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = (_by_thing(one["changes"]) for one in (then, now))
    for thing in [*before, *(one for one in after if one not in before)]:
        if thing not in after:
            yield f"planned, and there is nothing to do any more: {plan_text.line(before[thing])}"
        elif thing not in before:
            yield f"to do now, and not planned: {plan_text.line(after[thing])}"
        elif _without_secrets(before[thing]) != _without_secrets(after[thing]):
            yield f"planned: {plan_text.line(before[thing])}; now: {plan_text.line(after[thing])}"
    if then["unknown"] != now["unknown"]:
        tasks = sorted({one["task"] for one in then["unknown"]} ^ {one["task"] for one in now["unknown"]})
        yield f"not known before an earlier stage has run, then or now: {', '.join(tasks) or 'another stage'}"
    if (then["reboot"] is None) != (now["reboot"] is None):
        yield (
            "a reboot was planned, and none is due"
            if then["reboot"]
            else "a reboot is due, and none was planned"
        )


def _by_thing(changes: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(one[key] for key in ("stage", "subject", "kind", "what")): one for one in changes}


def _without_secrets(value: Any) -> Any:
    """The digests that stand for secrets have another key in each answer."""
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    if isinstance(value, dict):
        if set(value) == {"secret"}:
            return {"secret": ""}
        return {key: _without_secrets(inner) for key, inner in value.items()}
    return value


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(value)
