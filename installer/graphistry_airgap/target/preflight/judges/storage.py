"""Judgements about Docker's storage driver: where overlay does not work, Docker takes vfs without a word.

vfs copies the whole file system for each layer and each container: 251 MB of images became 5.2 GB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, WARNING, Finding, human
from . import disk as findings_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# on these overlay2 refuses to start (moby, daemon/graphdriver/overlay2), as the kernel's upper directory does
_NO_OVERLAY = ("overlay", "aufs", "nfs", "nfs4", "cifs", "smb3", "ecryptfs", "9p", "virtiofs", "fuse", "vfat")
# Docker has a driver of its own for these, or the kernel's overlay works there by their version
_OWN_DRIVER = ("btrfs", "zfs")


def storage(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    docker = profile["docker"]
    data_root = docker["data_root"]
    containerd = findings_disk.uses_containerd_store(profile, requirements)
    root = docker["containerd_root"] if containerd else data_root
    place = profile["places"]["mounts"][root]
    if driver := docker["engine"].get("driver"):
        if findings_disk.copies_layers(profile, requirements):
            yield _copies(profile, requirements, f"Docker runs with the storage driver {driver}", WARNING)
        return
    # an explicit choice is judged with the rest of daemon.json
    if "storage-driver" in (*docker["settings"]["keys"], *docker["settings"]["flags"]):
        return
    prior = docker["storage"]["prior"]
    if prior and not containerd:
        if findings_disk.copies_layers(profile, requirements):
            message = f"Docker will go on with the storage driver vfs, of which {data_root} holds data"
            yield _copies(profile, requirements, message, WARNING)
        return
    reason, sure = _obstacle(docker["storage"], place)
    if reason and sure:
        taken = "does not start" if containerd else "takes vfs"
        yield _copies(
            profile, requirements, f"overlay cannot work in {root}: {reason}; Docker {taken}", ERROR
        )
    elif reason:
        yield Finding(
            WARNING,
            "storage-driver-unknown",
            f"whether overlay works in {root} is not known: {reason}",
            reason,
            "a file system on which overlay works, such as ext4",
            "look at `docker info` after the installation: the storage driver must not be vfs",
            root,
        )


def _obstacle(storage: Mapping[str, Any], place: Mapping[str, Any]) -> tuple[str, bool]:
    """Why overlay would not work, and whether that is sure; nothing where it works."""
    kind, mount = place["kind"], place["mount"]
    if kind in _OWN_DRIVER:
        return "", False
    reasons = (
        (
            kind in _NO_OVERLAY or kind.startswith("fuse."),
            f"{mount} is a file system of kind {kind}",
            True,
        ),
        (storage["d_type"] is False, f"the xfs of {mount} was made with ftype=0", True),
        (storage["overlay"] is False, "this kernel has no overlay, neither built in nor as a module", True),
        (not kind, "the kernel's table of mounts could not be read", False),
        (storage["d_type"] is None, f"xfs_info does not tell the ftype of {mount}", False),
        (storage["overlay"] is None, "the kernel does not tell whether it has overlay", False),
    )
    return next(((text, sure) for applies, text, sure in reasons if applies), ("", False))


def _copies(
    profile: Mapping[str, Any], requirements: Mapping[str, Any], message: str, severity: str
) -> Finding:
    plain = findings_disk.missing_bytes(profile, requirements)[1]
    copied = findings_disk.copied_bytes(profile, requirements)
    cost = f"the images take {human(copied)} instead of {human(plain)}, and each container one copy more"
    return Finding(
        severity,
        "storage-driver-vfs",
        f"{message}: each layer is a whole copy, so {cost}",
        "vfs",
        "overlay2 (`docker info`)",
        "set docker.data_root in the site file to a directory on ext4, or on xfs with ftype=1; what lies in "
        "an old data root has to be moved by `docker save` and `docker load`",
        profile["docker"]["data_root"],
    )
