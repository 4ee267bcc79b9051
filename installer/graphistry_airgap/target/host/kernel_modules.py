"""Which modules the running kernel has: loaded, built in, or among its files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Host

_LISTS = ("modules.dep", "modules.builtin")
# extensions of iptables that are registered, by name; only while the kernel has ip_tables
_MATCHES = "/proc/net/ip_tables_matches"
_MATCH = "xt_"


def has(host: Host, kernel: str, module: str) -> bool | None:
    """None where neither the kernel nor its files tell, as in a container."""
    loaded = (line.partition(" ")[0] for line in (host.text("/proc/modules") or "").splitlines())
    if module in loaded or _is_registered(host, module):
        return True
    lists = [host.text(f"/lib/modules/{kernel}/{name}") for name in _LISTS]
    if not any(lists):
        return None
    # a module's file may be spelt with dashes
    file = re.compile(rf"/{module.replace('_', '[_-]')}\.ko\b")
    return any(file.search(text) for text in lists if text)


def _is_registered(host: Host, module: str) -> bool:
    matches = (host.text(_MATCHES) or "").split()
    return module.startswith(_MATCH) and module[len(_MATCH) :] in matches
