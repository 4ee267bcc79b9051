"""Judgements about space: what will be written, summed for each file system.

Images lie in Docker's data root with the classic store and in containerd's root
with the containerd store, whatever the data root says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...docker.images.plan import parse_images
from ...finding import ERROR, Finding, human
from . import driver as findings_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# small files fill whole blocks, and a file system that is full to the last byte serves nobody
_MARGIN = 1.1
_PACKAGES = 1 << 30
_RELEASE = 1 << 30
# measured with branch 550: 84 packages of 615 MiB, 190 MiB of files to install them from, and the build
_DRIVER = 700 << 20
_BUILD = 1 << 30
_CONTAINERD_BY_DEFAULT = 29
# Docker's driver and containerd's snapshotter that know no layers
_COPYING = ("vfs", "native")


@dataclass(frozen=True)
class Demand:
    path: str
    size: int
    purpose: str


def disks(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    shared: dict[str, list[Demand]] = {}
    for demand in demands(profile, requirements):
        shared.setdefault(profile["disks"][demand.path]["device"], []).append(demand)
    for wanted in shared.values():
        place = profile["disks"][wanted[0].path]
        needed = sum(item.size for item in wanted)
        if place["free"] < needed:
            parts = ", ".join(f"{human(item.size)} for {item.purpose} in {item.path}" for item in wanted)
            yield Finding(
                ERROR,
                "disk-too-small",
                f"the file system of {place['lies_at']} has {human(place['free'])} free and "
                f"{human(needed)} are needed: {parts}",
                human(place["free"]),
                human(needed),
                "enlarge the file system, or set docker.data_root or root in the site file to a larger one",
                place["lies_at"],
            )


def demands(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[Demand]:
    found = []
    compressed, unpacked = missing_bytes(profile, requirements)
    if unpacked and copies_layers(profile, requirements):
        unpacked = copied_bytes(profile, requirements)
    if unpacked:
        containerd = uses_containerd_store(profile, requirements)
        path = profile["docker"]["containerd_root" if containerd else "data_root"]
        # the containerd store keeps the compressed blobs, the classic one needs them while it unpacks
        found.append(Demand(path, int((unpacked + compressed) * _MARGIN), "images"))
    if any(item["state"] in ("absent", "older") for item in profile["packages"]["wanted"]):
        found.append(Demand("/usr", _PACKAGES, "packages"))
    if findings_driver.is_to_be_made(profile, requirements):
        found.append(Demand("/usr", _DRIVER, "the driver"))
        if not findings_driver.plan(profile, requirements).prebuilt:
            found.append(Demand("/var/lib", _BUILD, "building the driver's modules"))
    if requirements["release_version"] not in profile["releases"]["installed"]:
        found.append(Demand(requirements["root"], _RELEASE, "the release"))
    return found


def missing_bytes(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> tuple[int, int]:
    """Compressed and unpacked bytes of the layers that no present image brings."""
    images = parse_images(requirements["images"]) if requirements["images"] else []
    here = set(profile["docker"]["engine"]["present"])
    present = {chain for image in images if image.config in here for chain in image.chains}
    # a layer on other parents is unpacked again, so its chain and not its content is counted
    absent = {
        chain: layer
        for image in images
        for chain, layer in zip(image.chains, image.layers)
        if chain not in present
    }
    blobs = {layer.digest: layer.size for layer in absent.values()}
    return sum(blobs.values()), sum(layer.unpacked_size for layer in absent.values())


def copies_layers(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """Whether the storage driver, the running one or the one that Docker goes on with, copies each layer."""
    docker = profile["docker"]
    if driver := docker["engine"].get("driver"):
        return driver in _COPYING
    return docker["storage"]["prior"][:1] == ["vfs"] and not uses_containerd_store(profile, requirements)


def copied_bytes(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> int:
    """Unpacked bytes of the absent layers where each one holds all that lies below it, too."""
    images = parse_images(requirements["images"]) if requirements["images"] else []
    here = set(profile["docker"]["engine"]["present"])
    present = {chain for image in images if image.config in here for chain in image.chains}
    whole: dict[str, int] = {}
    for image in images:
        size = 0
        for chain, layer in zip(image.chains, image.layers):
            size += layer.unpacked_size
            whole[chain] = size
    return sum(size for chain, size in whole.items() if chain not in present)


def uses_containerd_store(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """The store that the daemon has or will have; an existing data root is never switched."""
    docker = profile["docker"]
    if "containerd_store" in docker["engine"]:
        return bool(docker["engine"]["containerd_store"])
    if docker["classic_images"]:
        return False
    if docker["settings"]["containerd_store"] is not None:
        return bool(docker["settings"]["containerd_store"])
    if requirements["image_store"] != "default":
        return bool(requirements["image_store"] == "containerd")
    return any(
        item["name"] in ("docker.io", "docker-ce") and _major(item["version"]) >= _CONTAINERD_BY_DEFAULT
        for item in requirements["packages"]
    )


def _major(version: str) -> int:
    match = re.match(r"(?:\d+:)?(\d+)", version)
    return int(match[1]) if match else 0
