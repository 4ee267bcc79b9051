"""Recaps of plays that nobody ran, and the mark that stands meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.installation.recap import Recap, StageRecap
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.installation.stages import Stage


def passed(*names: str) -> list[StageRecap]:
    return [StageRecap(name, 0, 1.0, failed=False, ended=True) for name in names]


def complete(stages: Iterable[Stage] = PLAYBOOK_STAGES) -> Recap:
    return Recap(passed(*[stage.value for stage in stages]), [], [])


class Begun:
    """`StagesBegun` in memory; `begun` is whether stages are on their way, `left` what they have changed."""

    def __init__(self) -> None:
        self.begun = False
        self.left: list[dict[str, Any]] = []

    def there(self) -> bool:
        return self.begun

    def begin(self) -> list[dict[str, Any]]:
        self.begun = True
        return list(self.left)

    def add(self, changes: Iterable[Mapping[str, Any]]) -> None:
        self.left += map(dict, changes)

    def end(self) -> None:
        self.begun = False
        self.left.clear()
