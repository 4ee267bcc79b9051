"""What an installation would change on its hosts, which are asked and not changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.installation.bring import Bring
    from graphistry_airgap.installation.recap import Recap
    from graphistry_airgap.installation.request import Decided


def foretell(bring: Bring, held: Decided, log: Callable[[dict[str, Any]], None]) -> dict[str, Recap]:
    """A host that was brought to its end is asked in one task whether it still is; others by their stages."""
    asked = bring.ask([one for one in held.targets if one.installed], log)
    there = {name: recap for name, recap in asked.items() if recap.in_place}
    return there | bring.foretell([one for one in held.targets if one.host.name not in there], log)
