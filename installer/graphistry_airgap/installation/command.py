"""`install`: decide what is installed, then install it, from the start or after a reboot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.core.result import Result
    from graphistry_airgap.installation.reboot.resume import Resume
    from graphistry_airgap.installation.request import Decided, Request, Targets


@dataclass(frozen=True)
class InstallCommand:
    """`take_over` makes the tool that runs the host's own; `install` gets what was decided and resumed."""

    targets: Targets
    take_over: Callable[[], None]
    resume: Resume
    install: Callable[..., Result]

    def run(self, request: Request, *, resume: bool) -> Result:
        if resume:
            return self.resume.run(request, self._decide, self.install)
        return self.install(self._decide(request))

    def _decide(self, request: Request) -> Decided:
        """A bundle that is refused leaves the host's own tool as it is."""
        decided = self.targets.decide(request)
        if decided.targets:
            self.take_over()
        return decided
