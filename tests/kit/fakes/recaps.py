"""Recaps of plays that nobody ran, and the mark that stands meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.installation.recap import Recap, StageRecap
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphistry_airgap.installation.stages import Stage


def passed(*names: str) -> list[StageRecap]:
    return [StageRecap(name, 0, 1.0, failed=False, ended=True) for name in names]


def complete(stages: Iterable[Stage] = PLAYBOOK_STAGES) -> Recap:
    return Recap(passed(*[stage.value for stage in stages]), [], [])


class Begun:
    """`StagesBegun` in memory."""

    def __init__(self) -> None:
        self.set = False

    def there(self) -> bool:
        return self.set

    def put(self) -> None:
        self.set = True

    def remove(self) -> None:
        self.set = False
