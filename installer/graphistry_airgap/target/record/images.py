"""Images that the host's Docker has under the names of a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..host.machine import Host

_LIST = ("docker", "image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}\t{{.ID}}")


def named(host: Host, names: Iterable[str]) -> list[dict[str, str]]:
    """`[{name, id}]`, sorted; none where no Docker answers, for a stage before Docker's may have failed."""
    wanted = sorted(names)
    if not wanted:
        return []
    _, output, _ = host.run(_LIST, {})
    found = dict(line.split("\t") for line in output.splitlines() if "\t" in line)
    return [{"name": name, "id": found[name]} for name in wanted if name in found]
