"""Sealed hosts that are installed from the demo's bundle, and what a test compares on them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.demo import DEMO
from lab.hosts.kept_host import kept
from lab.hosts.prepared_host import INSTALL, INSTALLED_TOOL, MEDIUM, PASSWORD, prepared, site_file
from lab.hosts.sealed_host import IMAGE, SealedHost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


# One section each; a bare Debian has neither Python nor Docker.
SECTIONS = {
    "packages": "dpkg-query -W -f '${Package} ${Architecture} ${Version} ${db:Status-Abbrev}\\n'",
    "etc": (
        "find /etc -path /etc/graphistry-airgap -prune -o -printf '%p %y %m %u:%g %l\\n' | LC_ALL=C sort;"
        "find /etc -path /etc/graphistry-airgap -prune -o -type f -print0 | LC_ALL=C sort -z |"
        " xargs -0 sha256sum"
    ),
    "docker": (
        "command -v docker >/dev/null && docker info >/dev/null 2>&1 || exit 0;"
        "docker ps -aq --no-trunc | sort | xargs -r docker inspect"
        " -f '{{.Name}} {{.Id}} {{.Image}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}';"
        "docker image ls -a --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort;"
        "docker volume ls -q | sort; docker network ls --no-trunc --format '{{.Name}} {{.ID}}' | sort"
    ),
    "releases": "find /var/graphistry -printf '%p %y %m %u:%g %l\\n' 2>/dev/null | LC_ALL=C sort",
    "units": (
        "systemctl list-units --type=service,socket --state=active --plain --no-legend |"
        " awk '{print $1}';"
        "systemctl list-unit-files --plain --no-legend | grep -v transient | LC_ALL=C sort"
    ),
}


@contextmanager
def demo_host(
    name: str,
    *,
    bundle: Path,
    keyring: Path,
    site: str | None = None,
    password: str | None = PASSWORD,
    medium: str = MEDIUM,
    mounts: Sequence[str] = (),
    image: str = IMAGE,
) -> Iterator[SealedHost]:
    """A started host with the operator's files, and at `medium` the bundle or a directory of bundles."""
    host = SealedHost(f"airgap-test-{name}")
    boot = partial(host.start, image=image, mounts=[f"{bundle}:{medium}:ro", *mounts])
    with prepared(
        host, boot, keyring=keyring, site=site_file() if site is None else site, password=password
    ) as started:
        yield started


def copied_host(name: str, kind: str) -> SealedHost:
    """A copy of a host that is kept (`installed`, `engine`), with the demo's bundle on its medium."""
    return kept(kind).copy(f"airgap-test-{name}", mounts=[f"{DEMO / 'bundle'}:{MEDIUM}:ro"])


def install(
    host: SealedHost, *arguments: str, medium: str = MEDIUM, timeout: int = 1500
) -> tuple[int, dict[str, Any]]:
    """Exit status and envelope of the bundle's own install.sh."""
    command = [word.replace(MEDIUM, medium) for word in INSTALL]
    return _envelope(host, [*command, "--json", *arguments], timeout)


def tool(host: SealedHost, *arguments: str, timeout: int = 900) -> tuple[int, dict[str, Any]]:
    """Exit status and envelope of the installed tool."""
    return _envelope(host, [INSTALLED_TOOL, "--json", *arguments], timeout)


def _envelope(host: SealedHost, command: list[str], timeout: int) -> tuple[int, dict[str, Any]]:
    result = host.exec(command, timeout=timeout)
    try:
        document: dict[str, Any] = json.loads(result.stdout)
    except ValueError:
        pytest.fail(f"{command}: exit {result.rc}, no envelope\n{result.stdout}\n{result.stderr}")
    assert document["exit_code"] == result.rc
    return result.rc, document


def asked_alone(document: dict[str, Any]) -> bool:
    """Whether a host was asked if all is in place, and no stage was played: the envelope of an `install`."""
    return [one["stage"] for one in document["data"]["stages"]] == ["in-place", "verify"]


def snapshot(host: SealedHost) -> dict[str, list[str]]:
    """What an installer could change: packages, /etc without our own folder, Docker, releases, units."""
    return {
        section: host.exec(["sh", "-c", command]).stdout.splitlines() for section, command in SECTIONS.items()
    }
