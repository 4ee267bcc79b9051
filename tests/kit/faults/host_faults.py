"""Faults of a host that a test makes and undoes, and the proof that a refused run changed nothing on it."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lab.hosts.prepared_host import SITE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

STATE = "/var/lib/graphistry-airgap"
STATUS = "/var/lib/dpkg/status"
# A refused run may leave its log; what lies in memory (/run, /tmp) is gone after a boot anyway.
FILES = (
    f"find / /var/lib/docker /var/lib/containerd -xdev \\( -path /var/log -o -path {STATE}/log \\) -prune -o"
    " -type d -printf '%p %m %u:%g\\n' -o -printf '%p %y %m %u:%g %s %T@ %l\\n' | LC_ALL=C sort"
)


def state_of(host: SealedHost) -> set[str]:
    """Every file of the host: dpkg's database, /etc and Docker's data roots are among them."""
    return set(host.require(["sh", "-c", FILES]).splitlines())


# where the product's services and Docker itself write while they run
LIVING = re.compile(r"/var/lib/(docker|containerd)/|/var/graphistry/releases/[^/]+/data/(?!config/)")
# what runs, since when and as which process; what Docker has beside that
RUNNING = (
    "docker ps -aq | xargs -r docker inspect -f '{{.Name}} {{.Id}} {{.State.Pid}} {{.State.StartedAt}}';"
    "docker volume ls -q; docker network ls --no-trunc --format '{{.Name}} {{.ID}}';"
    "docker image ls -a --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}'"
)


def living_state(host: SealedHost) -> set[str]:
    """The same of a host on which services run: without what those write, with what runs since when."""
    files = state_of(host)
    if host.exec(["systemctl", "is-active", "--quiet", "docker"]).rc != 0:
        return files
    running = host.require(["sh", "-c", RUNNING]).splitlines()
    return {line for line in files if not LIVING.match(line)} | set(running)


@contextmanager
def unchanged(host: SealedHost) -> Iterator[None]:
    before = state_of(host)
    yield
    assert sorted(before ^ state_of(host)) == []


@contextmanager
def content(host: SealedHost, path: str, data: bytes) -> Iterator[None]:
    """A file with this content and the mode that it has; afterwards the file as it was, or neither it nor a
    directory made for it."""
    there = host.exec(["stat", "-L", "-c", "%a", path])
    mode = int(there.stdout, 8) if there.rc == 0 else 0o644
    before = host.read(path) if there.rc == 0 else None
    host.put(data, path, mode=mode)
    try:
        yield
    finally:
        if before is not None:
            host.put(before, path, mode=mode)
        else:
            # the directory may be named by a link, as a release is by `current`
            undo = 'd=$(readlink -f "$(dirname "$1")"); rm "$1"; rmdir -p --ignore-fail-on-non-empty "$d"'
            host.require(["sh", "-c", undo, "undo", path])


def site(host: SealedHost, text: str) -> AbstractContextManager[None]:
    return content(host, SITE_FILE, text.encode())


@contextmanager
def moved_away(host: SealedHost, path: str) -> Iterator[None]:
    host.require(["mv", path, f"{path}.away"])
    try:
        yield
    finally:
        host.require(["mv", f"{path}.away", path])


@contextmanager
def running(host: SealedHost, name: str, *command: str) -> Iterator[int]:
    """A process that is none of the installer's business; its id."""
    unit = f"test-{name}.service"
    host.require(["systemd-run", "--quiet", f"--unit={unit}", *command])
    try:
        yield int(host.require(["systemctl", "show", "-P", "MainPID", unit]))
    finally:
        host.exec(["systemctl", "stop", unit])


@contextmanager
def small_disk(host: SealedHost, place: str) -> Iterator[None]:
    """A file system of 64 MiB at this place."""
    new = host.exec(["test", "-d", place]).rc != 0
    host.require(["mkdir", "-p", place])
    host.require(["mount", "-t", "tmpfs", "-o", "size=64m", "small", place])
    try:
        yield
    finally:
        host.require(["umount", place])
        if new:
            host.require(["rmdir", place])


@contextmanager
def mounted(host: SealedHost, place: str, options: str) -> Iterator[None]:
    """A place with these options of a mount; what lies there stays."""
    host.require(["mount", "--bind", place, place])
    try:
        host.require(["mount", "-o", f"remount,bind,{options}", place])
        yield
    finally:
        host.require(["umount", "--lazy", place])


@contextmanager
def known(host: SealedHost, name: str, state: str, depends: str = "") -> Iterator[None]:
    """dpkg knows one package more; afterwards its file is as it was, with its times."""
    stanza = f"Package: {name}\nStatus: install ok {state}\nVersion: 1\nArchitecture: amd64\n"
    stanza += (f"Depends: {depends}\n" if depends else "") + "Maintainer: x\nDescription: x\n\n"
    host.require(["cp", "-a", STATUS, "/run/status"])
    host.require(["sh", "-c", 'printf "%s" "$1" >> "$2"', "known", stanza, STATUS])
    try:
        yield
    finally:
        host.require(["cp", "-a", "/run/status", STATUS])


@contextmanager
def package(host: SealedHost, file: Path, name: str) -> Iterator[None]:
    """A package that is installed, and gone afterwards."""
    host.put(file, "/tmp/package.deb")
    host.require(["dpkg", "-i", "/tmp/package.deb"])
    try:
        yield
    finally:
        host.require(["dpkg", "--purge", name])


def wait_until(host: SealedHost, condition: str, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while host.exec(["sh", "-c", condition]).rc != 0:
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:.0f} s on the host: {condition}")
        time.sleep(0.1)
