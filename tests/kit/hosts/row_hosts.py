"""The hosts that rows of a matrix begin with: bare, with Docker, or installed; the last two are copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.bundles.demo import DEMO
from lab.hosts.kept_host import CHECKOUT_ID, KeptHost
from lab.hosts.sealed_host import IMAGE
from tests.kit.hosts.demo_hosts import copied_host, demo_host

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from lab.hosts.sealed_host import SealedHost
    from tests.matrices.harness import Row

BARE = "bare"


def hosts_for_rows(stack: ExitStack) -> Callable[[Row], tuple[SealedHost, str]]:
    """Gives a row its host, and the image that this was made from; they end with the stack.

    Rows that share a host of one state get the same one, every other row one of its own.
    """
    shared: dict[str, tuple[SealedHost, str]] = {}
    count = 0

    def host_for(row: Row) -> tuple[SealedHost, str]:
        nonlocal count
        if row.shares and row.state in shared:
            return shared[row.state]
        count += 1
        made = _start(stack, f"row-{CHECKOUT_ID}-{count}", row.state)
        if row.shares:
            shared[row.state] = made
        return made

    return host_for


def _start(stack: ExitStack, name: str, state: str) -> tuple[SealedHost, str]:
    if state == BARE:
        bundle, keyring = DEMO / "bundle", DEMO / "trusted.gpg"
        return stack.enter_context(demo_host(name, bundle=bundle, keyring=keyring)), IMAGE
    return stack.enter_context(copied_host(name, state)), KeptHost(state).image
