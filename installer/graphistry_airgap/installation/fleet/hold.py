"""The hosts of a run are held for as long as it lasts: nobody else changes one meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import AirgapError, HostEnvironmentError, attempt
from graphistry_airgap.installation.fleet.found_host import FoundHost
from graphistry_airgap.installation.request import Decided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphistry_airgap.installation.ports import Hosts
    from graphistry_airgap.installation.request import Target


@dataclass(frozen=True)
class Hold:
    hosts: Hosts

    @contextmanager
    def __call__(self, decided: Decided) -> Iterator[Decided]:
        """Those that are held, and those that refuse; the tool's own machine is held for longer than that."""
        away = [one for one in decided.targets if not one.host.local]
        refused = self.hosts.hold([(one.host, one.provenance.path, one.keyring) for one in away])
        held = [one for one in away if one.host.name not in refused]
        try:
            refused |= self._changed_meanwhile(held)
            left = [one for one in decided.targets if one.host.name not in refused]
            yield Decided(left, decided.refused | refused)
        finally:
            self.hosts.release([one.host for one in held])

    def _changed_meanwhile(self, held: list[Target]) -> dict[str, AirgapError]:
        """What was decided stands on a receipt that was read before the host was held."""
        again = self.hosts.ask([(one.host, {"ask": "read", "medium": one.provenance.path}) for one in held])
        found: dict[str, AirgapError] = {}
        for one in held:
            said = again[one.host.name]
            now_there = said if isinstance(said, AirgapError) else attempt(partial(FoundHost.read, said))
            if isinstance(now_there, AirgapError):
                found[one.host.name] = now_there
            elif now_there.receipt != one.last:
                found[one.host.name] = HostEnvironmentError(
                    "another run has installed this host meanwhile",
                    code="lock-held",
                    hint="run the same command again",
                )
        return found
