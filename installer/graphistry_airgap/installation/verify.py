"""`verify`: the post-install tests alone, on what stands there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.checks import ladder as rungs
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.failures import checks_error
from graphistry_airgap.installation.outcome.results import of_all
from graphistry_airgap.installation.stages import Stage
from graphistry_airgap.installation.variables import check_facts

if TYPE_CHECKING:
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.ports import HostChecks
    from graphistry_airgap.installation.request import Decided, Target


@dataclass(frozen=True)
class Verify:
    checks: HostChecks
    progress: Progress

    def run(self, decided: Decided) -> Result:
        return of_all({one.host.name: self._of(one) for one in decided.targets}, decided.refused)

    def _of(self, target: Target) -> Result:
        facts = check_facts(target.site, target.bundle, target.provenance)
        begun = time.monotonic()
        self.progress.stage(Stage.VERIFY)
        with self.checks(facts, host=target.host) as result:
            summary = result()
        seconds = time.monotonic() - begun
        self.progress.stage_done(Stage.VERIFY, 0, seconds, failed=bool(summary["failed"]))
        if summary["failed"]:
            return failed(checks_error(summary), data=summary)
        return Result(
            data=summary,
            messages=[
                f"{summary['passed']} checks passed, {summary['skipped']} not applicable.",
                *rungs.lines(summary["rungs"]),
                f"JUnit: {summary['junit']}",
            ],
        )
