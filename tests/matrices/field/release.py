"""Rows about the product as it is on a host already: another release, somebody else's, links, image names.

A situation is a list of steps, each a context manager below; the last one made is undone first.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from lab.hosts.prepared_host import MEDIUM, SITE_FILE
from tests.kit.bundles.other_bundle import OTHER, other_release
from tests.kit.faults.host_faults import content, living_state, moved_away, site
from tests.kit.hosts.demo_hosts import install, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from lab.hosts.sealed_host import SealedHost

ROOT = "/var/graphistry"
CUSTOM = f"{ROOT}/current/data/config/custom.env"
STATE = "/var/lib/graphistry-airgap"
VERSION = "v2.50.1"
LABEL = "com.docker.compose."


def preflight(host: SealedHost, steps: Sequence[str]) -> dict[str, Any]:
    return _seen(host, steps, lambda bundle: tool(host, "preflight", "--bundle", bundle))


def installed(host: SealedHost, steps: Sequence[str]) -> dict[str, Any]:
    return _seen(host, steps, lambda bundle: tool(host, "install", "--bundle", bundle))


def by_install_sh(host: SealedHost, steps: Sequence[str]) -> dict[str, Any]:
    return _seen(host, steps, lambda bundle: install(host, medium=bundle))


def _seen(
    host: SealedHost, steps: Sequence[str], ask: Callable[[str], tuple[int, dict[str, Any]]]
) -> dict[str, Any]:
    with ExitStack() as stack:
        for step in steps:
            stack.enter_context(STEPS[step](host))
        before = living_state(host)
        code, answer = ask(OTHER if "other_release" in steps else MEDIUM)
        after = living_state(host)
    told = [*answer["errors"], *answer["data"].get("findings", [])]
    return {
        "exit": code,
        "codes": [item["code"] for item in told],
        "text": "\n".join(f"{item['message']}; {item.get('hint', '')}" for item in told),
        "unchanged": before == after,
    }


def receipt_gone(host: SealedHost) -> AbstractContextManager[None]:
    return moved_away(host, STATE)


def marks_gone(host: SealedHost) -> AbstractContextManager[None]:
    return content(host, CUSTOM, host.read(CUSTOM).replace(b"graphistry-airgap", b"somebody"))


def root_moved(host: SealedHost) -> AbstractContextManager[None]:
    return site(host, host.read(SITE_FILE).decode() + "root: /srv/graphistry\n")


@contextmanager
def root_is_link(host: SealedHost) -> Iterator[None]:
    host.require(["sh", "-c", f"mv {ROOT} /srv/big && ln -s /srv/big {ROOT}"])
    try:
        yield
    finally:
        host.require(["sh", "-c", f"rm {ROOT} && mv /srv/big {ROOT}"])


@contextmanager
def parent_is_link(host: SealedHost) -> Iterator[None]:
    """The site names its root along a link that leads to `/var`."""
    host.require(["ln", "-s", "/var", "/srv/disk"])
    try:
        with site(host, host.read(SITE_FILE).decode() + "root: /srv/disk/graphistry\n"):
            yield
    finally:
        host.require(["rm", "/srv/disk"])


@contextmanager
def _image(host: SealedHost, name: str) -> Iterator[None]:
    host.require(["sh", "-c", f"tar -C /usr/bin -c true | docker import - {name} >/dev/null"])
    try:
        yield
    finally:
        host.require(["docker", "image", "rm", name])


@contextmanager
def _container(host: SealedHost, image: str, name: str, directory: str) -> Iterator[None]:
    """One that was made and never started."""
    labels = {
        "project": "graphistry",
        "service": name.split("-")[-2 if directory else 0],
        "project.working_dir": directory,
    }
    words = [word for key, value in labels.items() for word in ("--label", f"{LABEL}{key}={value}")]
    with _image(host, image):
        host.require(["docker", "create", "--name", name, *(words if directory else []), image, "/true"])
        try:
            yield
        finally:
            host.require(["docker", "rm", "-f", name])


def stopped_stack(host: SealedHost) -> AbstractContextManager[None]:
    return _container(host, "graphistry/caddy:v2.50.1-universal", "graphistry-caddy-1", "/srv/old")


def other_application(host: SealedHost) -> AbstractContextManager[None]:
    return _container(host, "wiki:1", "graphistry-web-1", "/srv/wiki")


def own_redis(host: SealedHost) -> AbstractContextManager[None]:
    return _container(host, "redis:6.2.7", "shop", "")


@contextmanager
def _volume(host: SealedHost, name: str) -> Iterator[None]:
    host.require(["docker", "volume", "create", name])
    host.require(["touch", f"/var/lib/docker/volumes/{name}/_data/PG_VERSION"])
    try:
        yield
    finally:
        host.require(["docker", "volume", "rm", name])


def volume(host: SealedHost) -> AbstractContextManager[None]:
    return _volume(host, f"{VERSION}_postgres_data")


def old_volume(host: SealedHost) -> AbstractContextManager[None]:
    return _volume(host, "v2.45.9_postgres_data")


@contextmanager
def docker_off(host: SealedHost) -> Iterator[None]:
    host.require(["systemctl", "stop", "docker.socket", "docker"])
    try:
        yield
    finally:
        host.require(["systemctl", "start", "docker"])


@contextmanager
def by_hand(host: SealedHost) -> Iterator[None]:
    """The vendor's release unpacked and used, without Docker's part."""
    folder = f"{ROOT}/releases/{VERSION}"
    host.require(["mkdir", "-p", f"{folder}/data/notebooks"])
    host.require(
        ["sh", "-c", f"cp -a {MEDIUM}/release/. {folder} && touch {folder}/data/notebooks/mine.ipynb"]
    )
    try:
        yield
    finally:
        host.require(["rm", "-r", ROOT])


STEPS: dict[str, Callable[[SealedHost], AbstractContextManager[None]]] = {
    step.__name__: step
    for step in (
        other_release,
        receipt_gone,
        marks_gone,
        root_moved,
        root_is_link,
        parent_is_link,
        stopped_stack,
        other_application,
        own_redis,
        volume,
        old_volume,
        docker_off,
        by_hand,
    )
}
RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "preflight": preflight,
    "installed": installed,
    "by_install_sh": by_install_sh,
}
