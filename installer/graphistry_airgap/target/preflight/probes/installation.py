"""Installations of the product on this machine: this installer's own and others', running or not.

Containers and volumes are read from Docker's directories (`containers/*/config.v2.json`, `volumes/`), which
tell of stopped ones, too, and of a Docker that does not run.  Paths are compared resolved: Compose writes
down the directory as it was called, and a parent may be a link.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from ...envfile.text import BEGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...host.machine import Host

STATE = "/var/lib/graphistry-airgap"
NETWORK = "grph_net"
# where the vendor's manual and its samples unpack releases
_PLACES = ("/var/graphistry", "/opt/graphistry", "/srv/graphistry", "/root/graphistry")
_DATA_ROOTS = ("/var/lib/docker", "/var/snap/docker/common/var-lib-docker")
# the vendor gives its volumes one name for the whole host, which begins with the release
_VOLUME = re.compile(r"v\d+[._-]\d+[._-]\d+.*_postgres_(?:data|backups)")
_COMPOSE = "com.docker.compose."
_IMAGES = "graphistry/"
# published for use without the server, too
_NOT_THE_SERVER = ("graphistry/graph-app-kit", "graphistry/cloud-tools")
_SERVICES = {"forge-etl-python", "nexus", "pivot", "streamgl-gpu", "streamgl-viz", "streamgl-sessions"}


def installation(
    host: Host,
    root: str,
    release_files: Iterable[str],
    data_roots: Iterable[str],
    networks: Iterable[str] = (),
) -> dict[str, Any]:
    """What there is: `installed` is this installer's own release, empty for none.

    `root` is its own one where it was installed below another than this; `projects` are Compose projects with
    containers, `trees` directories of releases, `volumes` the product's that hold something; `unread` are
    containers of which Docker's own file cannot be read.
    """
    roots = list(dict.fromkeys(resolved(host, one) for one in (*data_roots, *_DATA_ROOTS) if one))
    containers, unread = _containers(host, roots)
    receipts = list(_receipts(host))
    here = [one for one in receipts if resolved(host, one["root"]) == resolved(host, root)]
    own = {resolved(host, f"{one['root']}/releases/{one['release']}"): one for one in here}
    projects = _projects(containers)
    places = [root, *_PLACES, *(project["directory"] for project in projects if project["product"]), *own]
    seeded = set(release_files)
    trees = [
        _tree(host, path, own, resolved(host, root), seeded)
        for path in dict.fromkeys(one for place in places for one in _candidates(host, place))
    ]
    ours = {tree["path"] for tree in trees if tree["ours"]}.union(own)
    for project in projects:
        project["ours"] = project["directory"] in ours
    return {
        "installed": _installed(host, root, receipts, trees),
        "bundle": receipts[0]["bundle"] if receipts else "",
        "root": receipts[0]["root"] if receipts and receipts[0] not in here else "",
        "ours": sorted({one["release"] for one in here} | {t["version"] for t in trees if t["ours"]}),
        "projects": projects,
        "trees": trees,
        "volumes": sorted(set(_volumes(host, roots))),
        "images": sorted({image for one in receipts for image in one["images"]}),
        "network": NETWORK in networks,
        "unread": unread,
    }


def resolved(host: Host, name: str) -> str:
    """The path without links, as the machine names it; what does not exist stays as it is."""
    top = os.path.realpath(host.root)
    path = os.path.realpath(host.path(name))
    if top != "/" and (path + "/").startswith(top + "/"):
        return path[len(top) :] or "/"
    return path


def as_site_names(host: Host, root: str, directory: str) -> str:
    """A container's directory in the words of the site file, where it lies below its root by another name."""
    place, real = resolved(host, directory) if directory else "", resolved(host, root)
    return root.rstrip("/") + place[len(real) :] if (place + "/").startswith(real + "/") else directory


def _receipts(host: Host) -> Iterator[dict[str, Any]]:
    """The receipt, then the kept ones, newest first; one that is damaged tells nothing."""
    kept = sorted(host.names(f"{STATE}/receipts"), reverse=True)
    for name in (f"{STATE}/receipt.json", *(f"{STATE}/receipts/{one}" for one in kept)):
        found = host.json(name)
        try:
            yield {
                "root": str(found["site"]["root"]),
                "release": str(found["bundle"]["release"]),
                "bundle": str(found["bundle"].get("path", "")),
                "images": [str(one["id"]) for one in found.get("images", ())],
            }
        except (TypeError, LookupError, AttributeError):
            continue


def _installed(host: Host, root: str, receipts: list[dict[str, Any]], trees: list[dict[str, Any]]) -> str:
    """As the newest receipt says, else the release that `current` names, if this installer has marked it."""
    if receipts:
        return str(receipts[0]["release"])
    current = resolved(host, f"{root}/current")
    marked = [tree for tree in trees if tree["ours"]]
    marked.sort(key=lambda tree: (tree["path"] != current, tree["path"]))
    return str(marked[0]["version"]) if marked else ""


def _containers(host: Host, roots: Iterable[str]) -> tuple[list[dict[str, Any]], list[str]]:
    found, unread = [], []
    for folder in (f"{root}/containers" for root in roots):
        for name in host.names(folder):
            if not host.path(f"{folder}/{name}").is_dir():
                continue
            try:
                found.append(_container(host, host.json(f"{folder}/{name}/config.v2.json")))
            except (TypeError, LookupError, AttributeError):
                unread.append(name[:12])
    return sorted(found, key=lambda one: one["name"]), unread


def _container(host: Host, found: Any) -> dict[str, Any]:
    labels = found["Config"].get("Labels") or {}
    directory = labels.get(_COMPOSE + "project.working_dir", "")
    return {
        "name": str(found["Name"]).lstrip("/"),
        "image": str(found["Config"]["Image"]),
        "project": labels.get(_COMPOSE + "project", ""),
        "service": labels.get(_COMPOSE + "service", ""),
        "directory": resolved(host, directory) if directory else "",
        "running": bool((found.get("State") or {}).get("Running")),
    }


def _projects(containers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Containers by Compose project and directory; one that Compose did not make stands alone."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in containers:
        groups.setdefault((one["project"] or one["name"], one["directory"]), []).append(one)
    return [
        {
            "project": project if members[0]["project"] else "",
            "directory": directory,
            "containers": [one["name"] for one in members],
            "running": sum(one["running"] for one in members),
            "product": any(map(_is_product_image, members))
            or len({one["service"] for one in members} & _SERVICES) > 1,
        }
        for (project, directory), members in sorted(groups.items())
    ]


def _is_product_image(container: Mapping[str, Any]) -> bool:
    # a private registry stands before the vendor's name
    name = re.sub(r"^[^/]*[.:][^/]*/", "", container["image"])
    return name.startswith(_IMAGES) and not name.startswith(_NOT_THE_SERVER)


def _candidates(host: Host, place: str) -> Iterator[str]:
    for path in (place, *(f"{place}/releases/{name}" for name in host.names(f"{place}/releases"))):
        if place and all(
            host.path(f"{path}/{name}").is_file() for name in ("docker-compose.yml", "graphistry")
        ):
            yield resolved(host, path)


def _tree(host: Host, path: str, own: Mapping[str, Any], root: str, seeded: set[str]) -> dict[str, Any]:
    """`used` is a file that users or a running product have put there; empty for none."""
    marked = BEGIN in (host.text(f"{path}/data/config/custom.env") or "")
    return {
        "path": path,
        "version": host.word(f"{path}/VERSION") or path.rpartition("/")[2],
        "ours": path in own or (marked and path.startswith(f"{root}/releases/")),
        "used": _used(host, path, seeded),
    }


def _used(host: Host, path: str, seeded: set[str]) -> str:
    top = os.fspath(host.path(path))
    for folder, folders, files in os.walk(f"{top}/data"):
        relative = os.path.relpath(folder, top)
        if relative == "data" and "config" in folders:
            folders.remove("config")  # what an installation writes before anything starts
        folders.sort()
        for name in sorted(files):
            if f"{relative}/{name}" not in seeded:
                return f"{relative}/{name}"
    return ""


def _volumes(host: Host, roots: Iterable[str]) -> Iterator[str]:
    """Those that hold something; one whose content lies elsewhere (`opts.json`) counts as such."""
    for folder in (f"{root}/volumes" for root in roots):
        for name in host.names(folder):
            inside = host.names(f"{folder}/{name}/_data") or host.path(f"{folder}/{name}/opts.json").exists()
            if _VOLUME.fullmatch(name) and inside:
                yield name
