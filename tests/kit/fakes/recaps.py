"""Recaps of plays that nobody ran, and hosts that keep what is written of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.installation.recap import Recap, StageRecap
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.installation.fleet.inventory import InventoryHost
    from graphistry_airgap.installation.stages import Stage


def passed(*names: str) -> list[StageRecap]:
    return [StageRecap(name, 0, 1.0, failed=False, ended=True) for name in names]


def complete(stages: Iterable[Stage] = PLAYBOOK_STAGES) -> Recap:
    return Recap(passed(*[stage.value for stage in stages]), [], [])


class Hosts:
    """`Hosts` in memory, as one machine; `begun` says that stages are on their way, `left` what they changed.

    `known` is what it answers to `tell`; `saved` are its receipts.
    """

    def __init__(self, **known: Any) -> None:
        self.known = {"packages_before": {}, "packages": {}, "images": [], "signing_key": False, **known}
        self.begun = False
        self.left: list[dict[str, Any]] = []
        self.saved: list[dict[str, Any]] = []

    def ask(self, questions: Iterable[tuple[InventoryHost, Mapping[str, Any]]]) -> dict[str, Any]:
        return {host.name: self._answer(question) for host, question in questions}

    def hold(self, _: object) -> dict[str, Any]:
        return {}

    def release(self, _: object) -> None:
        """Nobody held it."""

    def add(self, _: InventoryHost, changes: Iterable[Mapping[str, Any]]) -> None:
        self.left += map(dict, changes)

    def _answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if question["ask"] == "begin":
            self.begun = True
            return {"changes": list(self.left)}
        if question["ask"] == "tell":
            return self.known
        if question["ask"] == "write":
            self.saved.append(question["receipt"])
        self.begun = False
        self.left.clear()
        return {}
