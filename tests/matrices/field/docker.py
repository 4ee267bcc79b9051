"""A site's own Docker: its settings, its unit's flags, and the containers that run in it.

On a host the file or drop-in is laid down and Docker is not restarted, as where a site changed something and
waits for a quiet hour. Without a host the same readers are given a directory that looks like one.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.target.docker import (
    flags as docker_flags,
    json_text as daemon_text,
    settings as daemon_table,
)
from graphistry_airgap.target.host.machine import Host
from lab.hosts.prepared_host import MEDIUM, site_file
from tests.kit.faults.host_faults import content, living_state, site
from tests.kit.hosts.demo_hosts import tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lab.hosts.sealed_host import SealedHost

FILE = "/etc/docker/daemon.json"
DEFAULTS = "/etc/default/docker"
DROP_IN = "/etc/systemd/system/docker.service.d/site.conf"
NEIGHBOUR = "somebody-elses"
# an image of the neighbour's own, from what the host has
IMAGE = "tar -chf - $(ldd /usr/bin/sleep | grep -o '/[^ ]*') /usr/bin/sleep | docker import - neighbour:1"


def preflight(
    host: SealedHost,
    daemon: str = "",
    options: str = "",
    drop_in: str = "",
    answers: str = "",
    *,
    neighbour: bool = False,
) -> dict[str, Any]:
    """`daemon` is daemon.json, `options` are Debian's DOCKER_OPTS, `answers` more lines of the site file."""
    with ExitStack() as stack:
        if neighbour:
            stack.enter_context(_neighbour(host))
        for path, text in ((FILE, daemon), (DROP_IN, drop_in)):
            if text:
                stack.enter_context(content(host, path, text.encode()))
        if options:
            stack.enter_context(content(host, DEFAULTS, f'DOCKER_OPTS="{options}"\n'.encode()))
        stack.enter_context(
            site(host, site_file().replace("image_store: default", f"image_store: default{answers}"))
        )
        before = living_state(host)
        status, document = tool(host, "preflight", "--bundle", MEDIUM)
        after = living_state(host)
    told = {
        (item["code"], item["message"]): item
        for item in (*document["data"].get("findings", []), *document["errors"])
    }
    return {
        "exit": status,
        "codes": sorted({item["code"] for item in told.values()}),
        "text": "\n".join(f"{item['message']}; {item.get('hint', '')}" for item in told.values()),
        "unchanged": before == after or sorted(before ^ after),
    }


@contextmanager
def _neighbour(host: SealedHost) -> Iterator[None]:
    """A container of somebody else's, which a restart of Docker would stop."""
    host.require(["sh", "-c", IMAGE])
    host.require(["docker", "run", "-d", "--name", NEIGHBOUR, "neighbour:1", "/usr/bin/sleep", "9999"])
    try:
        yield
    finally:
        host.require(["docker", "rm", "-f", NEIGHBOUR])
        host.require(["docker", "image", "rm", "neighbour:1"])


def text_of(daemon: str) -> dict[str, Any]:
    """`daemon.json` read as Docker reads it."""
    try:
        config = daemon_text.read(daemon)
    except daemon_text.TextError as problem:
        return {"text": str(problem), "codes": ["unreadable"], "data": {}}
    return {"text": "", "codes": config.twice, "data": config.values}


def flags_of(files: Mapping[str, str], packages: list[str] | None = None) -> dict[str, Any]:
    """The flags of a host that has these files and no Docker yet."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name.lstrip("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        host = Host(run=lambda argv, environment: (1, "", ""), root=Path(folder))
        found = docker_flags.flags(host, packages or ["docker.io"])
    return {"data": found.keys, "codes": sorted(found.keys), "argv": found.argv}


def judged(daemon: str, programs: list[str] | None = None) -> dict[str, Any]:
    """What the table of settings says of a file, on a host that has these programs."""
    there = programs or []
    found = list(daemon_table.judge(daemon_text.read(daemon).values, exists=lambda name: name in there))
    return {
        "data": {one.key: one.kind for one in found},
        "codes": [one.key for one in found],
        "text": "\n".join(f"{one.key}: {one.why}" for one in found),
    }


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "preflight": preflight,
    "text_of": text_of,
    "flags_of": flags_of,
    "judged": judged,
}
