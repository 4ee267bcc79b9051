"""Hosts, asked what an installation keeps on them: by a module over a connection, or here in this process.

The answers are the same function's.  On the tool's own machine no play is begun for it: each costs a second.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.machine import this_machine
from graphistry_airgap.core.errors import AirgapError, BundleError, HostEnvironmentError
from graphistry_airgap.core.progress import Silent
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.receipt import unusable
from graphistry_airgap.target.record.files import Kept, lines
from graphistry_airgap.target.record.questions import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.fleet.inventory import InventoryHost
    from graphistry_airgap.installation.ports import Question
    from graphistry_airgap.installation.recap import Recap

_NOTHING_ASKED = {
    "medium": "/",
    "package_system": "apt",
    "images": [],
    "receipt": {},
    "stamp": "",
}
_READS = {"read", "status"}
_PLACES = {"state": str(places.STATE), "program": str(places.PROGRAM)}


@dataclass(frozen=True)
class Hosts:
    """`play` runs a playbook below the directory `work_root`, and gives the recap of each host."""

    play: Callable[..., dict[str, Recap]]
    work_root: Callable[[], Path]
    progress: Progress

    def ask(
        self, questions: Sequence[tuple[InventoryHost, Question]]
    ) -> dict[str, dict[str, Any] | AirgapError]:
        asked = [(host, {**_NOTHING_ASKED, **question}) for host, question in questions]
        answers: dict[str, dict[str, Any] | AirgapError] = {
            host.name: _here({**question, **_PLACES}) for host, question in asked if host.local
        }
        if away := [(host, question) for host, question in asked if not host.local]:
            answers |= self._away(away)
        return answers

    def add(self, host: InventoryHost, changes: Iterable[Mapping[str, Any]]) -> None:
        """Keep what a task has changed, before a receipt says so; it survives a kill and a power cut."""
        if text := lines(changes):
            with _kept(host).stages_begun.open("a", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())

    def hold(self, hosts: Sequence[tuple[InventoryHost, str, Path | None]]) -> dict[str, AirgapError]:
        """Take the lock of each host and verify each byte of the bundle there; gives who refuses, and why."""
        recaps = self._play(
            "bundle.yml",
            [
                (host, {"airgap_bundle": bundle, "airgap_keyring": str(keyring or places.KEYRING)})
                for host, bundle, keyring in hosts
            ],
            self.progress,
        )
        return {name: _of_judge(recap) for name, recap in recaps.items() if recap.failures}

    def release(self, hosts: Sequence[InventoryHost]) -> None:
        """One that cannot be told lets go by itself after an hour."""
        self._play("bundle_released.yml", [(host, {}) for host in hosts], Silent())

    def _play(
        self, playbook: str, hosts: Sequence[tuple[InventoryHost, Mapping[str, Any]]], progress: Progress
    ) -> dict[str, Recap]:
        if not hosts:
            return {}
        return self.play(
            playbook,
            hosts={host.name: {**host.connection, **variables} for host, variables in hosts},
            work_root=self.work_root(),
            progress=progress,
            log=lambda _: None,
        )

    def _away(
        self, asked: Sequence[tuple[InventoryHost, dict[str, Any]]]
    ) -> dict[str, dict[str, Any] | AirgapError]:
        variables = [
            (host, {f"record_{key}": value for key, value in question.items()}) for host, question in asked
        ]
        recaps = self._play("record.yml", variables, Silent())
        answers: dict[str, dict[str, Any] | AirgapError] = {}
        for host, question in asked:
            recap = recaps[host.name]
            if recap.failures:
                answers[host.name] = failure_of(recap.failures[0])
                continue
            answers[host.name] = said = dict(recap.record or {})
            # the changes themselves are kept where the tool runs, the host only has the mark
            if question["ask"] == "begin":
                said["changes"] = [*said["changes"], *_kept(host).begin("")]
            elif question["ask"] in {"write", "forget"}:
                _kept(host).forget()
        return answers


def _here(question: dict[str, Any]) -> dict[str, Any] | AirgapError:
    try:
        return answer(this_machine(), question)
    except OSError as error:
        # any other, as a full disk, is told as everywhere in the tool, by its last door
        if question["ask"] not in _READS or error.filename != str(places.RECEIPT):
            raise
        return unusable(str(error), places.RECEIPT)


def _of_judge(recap: Recap) -> AirgapError:
    """A refusal of the bundle's judge is about the bundle, and of the lock about whoever holds it."""
    error = failure_of(recap.failures[0])
    if error.code in {"stage-failed", "host-unreachable", "host-without-python"}:
        return error
    kind = HostEnvironmentError if error.code == "lock-held" else BundleError
    return kind(error.message, code=error.code, hint=error.hint, details=error.details)


def _kept(host: InventoryHost) -> Kept:
    """On the tool's machine: its own, or what it keeps of another host."""
    if host.local:
        return Kept(places.RECEIPT, places.PACKAGES_BEFORE, places.STAGES_BEGUN)
    folder = places.HOSTS / host.name
    return Kept(folder / "receipt.json", folder / "packages-before", folder / places.STAGES_BEGUN.name)
