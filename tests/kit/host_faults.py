"""Faults of a host that a test makes and undoes, and the proof that a refused run changed nothing on it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from prepared_host import SITE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sealed_host import SealedHost

STATE = "/var/lib/graphistry-airgap"
# A refused run may leave its log; what lies in memory (/run, /tmp) is gone after a boot anyway.
FILES = (
    f"find / /var/lib/docker /var/lib/containerd -xdev \\( -path /var/log -o -path {STATE}/log \\) -prune -o"
    " -type d -printf '%p %m %u:%g\\n' -o -printf '%p %y %m %u:%g %s %T@ %l\\n' | LC_ALL=C sort"
)


def state_of(host: SealedHost) -> set[str]:
    """Every file of the host: dpkg's database, /etc and Docker's data roots are among them."""
    return set(host.require(["sh", "-c", FILES]).splitlines())


@contextmanager
def unchanged(host: SealedHost) -> Iterator[None]:
    before = state_of(host)
    yield
    assert sorted(before ^ state_of(host)) == []


@contextmanager
def content(host: SealedHost, path: str, data: bytes) -> Iterator[None]:
    """A file with this content; afterwards the file as it was, or neither it nor a directory made for it."""
    before = host.exec(["cat", path])
    host.put(data, path)
    try:
        yield
    finally:
        if before.rc == 0:
            host.put(before.stdout.encode(), path)
        else:
            undo = 'rm "$1"; rmdir -p --ignore-fail-on-non-empty "$(dirname "$1")"'
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
