"""Rows about what is judged before the first change: places, packages, other Dockers, the medium itself.

A situation on a host is a list of steps, each the name of a context manager below and its arguments; the
last one made is undone first, and what preflight or install.sh did on the host is compared inside of it.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.bundle.verify import verify_bundle
from graphistry_airgap.core.errors import AirgapError, FindingsError
from graphistry_airgap.installation import site_places
from graphistry_airgap.installation.site_file import Site
from lab.hosts.prepared_host import MEDIUM, site_file
from tests.kit.bundles.mini_bundle import MiniBundle
from tests.kit.bundles.openpgp_keys import make_keys
from tests.kit.fakes.good_host import mount
from tests.kit.fakes.place_profiles import MOUNTS, findings
from tests.kit.faults.host_faults import content, known, living_state, mounted, site
from tests.kit.hosts.demo_hosts import install, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from lab.hosts.sealed_host import SealedHost

USB = "/media/usb"
GIB = 1 << 30


# ---- without a host


def judged(
    profile: Mapping[str, Any] | None = None,
    requirements: Mapping[str, Any] | None = None,
    mounts: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """A host in order with these changes; keys of `profile` are dotted paths."""
    others = {MOUNTS: {path: mount(path, **changed) for path, changed in (mounts or {}).items()}}
    found = findings({**others, **(profile or {})}, requirements)
    return {
        "exit": 3 if any(item.severity == "error" for item in found) else 0,
        "codes": [item.code for item in found],
        "text": "\n".join(f"{item.message}; {item.hint}" for item in found),
        "data": {item.code: item.severity for item in found},
    }


def layers_of_vfs(driver: str, free_gib: int, layers_gib: Sequence[int]) -> dict[str, Any]:
    """An image of these layers on a host whose Docker has this driver."""
    layers = [
        {"digest": _sha(number), "size": 0, "diff_id": _sha(number), "unpacked_size": size * GIB}
        for number, size in enumerate(layers_gib)
    ]
    manifest = {"digest": _sha(1000), "size": 1, "media_type": "x"}
    image = {"name": "a:1", "manifest": manifest, "config": _sha(2000), "layers": layers}
    disk = {"lies_at": "/", "device": "8:9", "free": free_gib * GIB, "total": 500 * GIB}
    engine = {"driver": driver, "containerd_store": False}
    return judged({"disks": {"/var/lib/docker": disk}, "docker.engine": engine}, {"images": [image]})


def _sha(number: int) -> str:
    return f"sha256:{number:064x}"


def site_places_of(**document: Any) -> dict[str, Any]:
    """A site file with these values, as each command reads it first."""
    made = Site.from_document({"schema": 1, "purpose": "server", **document})
    return _asked(lambda: site_places.check(made, lambda _: "/etc/graphistry-airgap/site.yml"))


def verified(extra: Sequence[str]) -> dict[str, Any]:
    """`bundle verify` of a bundle on a medium on which another system put these files."""
    with tempfile.TemporaryDirectory() as folder:
        keys = make_keys(Path(folder) / "gnupg")
        try:
            mini = MiniBundle(Path(folder) / "bundle")
            mini.write()
            mini.sign(keys, "signer")
            keyring = Path(folder) / "trusted.gpg"
            keyring.write_bytes(keys.public("signer"))
        finally:
            keys.stop()
        for name in extra:
            path = mini.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return _asked(
            lambda: verify_bundle(
                mini.path, keyring, open_directory=BundleDirectory, check_signature=check_signature
            )
        )


def _asked(question: Callable[[], object]) -> dict[str, Any]:
    try:
        question()
    except FindingsError as error:
        return _refused(int(error.worst), error.errors)
    except AirgapError as error:
        return _refused(int(error.exit_code), [error])
    return {"exit": 0, "codes": [], "text": ""}


def _refused(status: int, errors: Sequence[AirgapError]) -> dict[str, Any]:
    return {
        "exit": status,
        "codes": [error.code for error in errors],
        "text": "\n".join(f"{error.message}; {error.hint}" for error in errors),
        "data": {"errors": len(errors)},
    }


# ---- situations of a host


@contextmanager
def architecture(host: SealedHost, name: str) -> Iterator[None]:
    with content(host, "/var/lib/dpkg/arch", f"amd64\n{name}\n".encode()):
        yield


@contextmanager
def memory(host: SealedHost, place: str, options: str) -> Iterator[None]:
    host.require(["mkdir", "-p", place])
    host.require(["mount", "-t", "tmpfs", "-o", options, "memory", place])
    try:
        yield
    finally:
        host.require(["umount", place])
        host.require(["rmdir", place])


@contextmanager
def link(host: SealedHost, path: str, target: str) -> Iterator[None]:
    host.require(["ln", "-sfn", target, path])
    try:
        yield
    finally:
        host.require(["rm", path])


@contextmanager
def program(host: SealedHost, path: str, answer: str) -> Iterator[None]:
    """A program that says this, whatever it is asked."""
    with content(host, path, f"#!/bin/sh\necho '{answer}'\n".encode()):
        host.require(["chmod", "755", path])
        yield


def plugin(host: SealedHost, path: str, version: str) -> AbstractContextManager[None]:
    """A compose plugin that tells of itself what docker asks plugins for."""
    metadata = {"SchemaVersion": "0.1.0", "Vendor": "Docker Inc.", "Version": version}
    return program(host, path, json.dumps(metadata))


@contextmanager
def stick(host: SealedHost, *names: str) -> Iterator[None]:
    """The bundle on a medium that can be written, on which another system put these files."""
    host.require(["mkdir", "-p", USB, "/run/stick"])
    host.require(["mount", "-t", "tmpfs", "stick", "/run/stick"])
    try:
        host.require(["mkdir", "/run/stick/new", "/run/stick/work"])
        layers = f"lowerdir={MEDIUM},upperdir=/run/stick/new,workdir=/run/stick/work"
        host.require(["mount", "-t", "overlay", "-o", layers, "overlay", USB])
        for name in names:
            host.put(b"x", f"{USB}/{name}")
        yield
    finally:
        host.exec(["umount", USB])
        host.require(["umount", "/run/stick"])
        host.require(["rmdir", USB])


@contextmanager
def stopped_docker(host: SealedHost, name: str, port: int) -> Iterator[None]:
    """A container that is always to run on this port, and Docker turned off."""
    host.require(["sh", "-c", "tar c /bin/true | docker import - website:1"])
    restart = ["--restart=always", "-p", f"{port}:80"]
    host.require(["docker", "create", "--name", name, *restart, "website:1", "true"])
    host.require(["systemctl", "disable", "--now", "docker.socket", "docker.service"], timeout=120)
    yield


MADE: dict[str, Callable[..., AbstractContextManager[None]]] = {
    "architecture": architecture,
    "mounted": mounted,
    "memory": memory,
    "link": link,
    "program": program,
    "plugin": plugin,
    "known": known,
    "stick": stick,
    "stopped_docker": stopped_docker,
    "site": lambda host, text: site(host, site_file() + text),
    "file": lambda host, path, text: content(host, path, text.encode()),
}


def preflight(host: SealedHost, make: Sequence[Sequence[Any]], medium: str = MEDIUM) -> dict[str, Any]:
    return _tried(host, make, lambda: tool(host, "preflight", "--bundle", medium))


def install_sh(host: SealedHost, make: Sequence[Sequence[Any]], medium: str = MEDIUM) -> dict[str, Any]:
    return _tried(host, make, lambda: install(host, medium=medium))


def _tried(
    host: SealedHost, make: Sequence[Sequence[Any]], run: Callable[[], tuple[int, dict[str, Any]]]
) -> dict[str, Any]:
    with ExitStack() as stack:
        for name, *arguments in make:
            stack.enter_context(MADE[name](host, *arguments))
        before = living_state(host)
        code, document = run()
        after = living_state(host)
    told = {
        (item["code"], item["message"]): item
        for item in (*document["data"].get("findings", []), *document["errors"])
    }
    return {
        "exit": code,
        "codes": sorted({item["code"] for item in told.values()}),
        "text": "\n".join(f"{item['message']}; {item['hint']}" for item in told.values()),
        "data": {item["code"]: item.get("severity", "error") for item in told.values()},
        "unchanged": before == after or sorted(before ^ after),
        "document": json.dumps(document),
    }


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "judged": judged,
    "layers_of_vfs": layers_of_vfs,
    "site_places": site_places_of,
    "verified": verified,
    "preflight": preflight,
    "install_sh": install_sh,
}
