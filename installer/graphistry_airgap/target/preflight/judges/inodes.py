"""Judgements about inodes: files of their own number, whatever room there is in bytes.

How many files a release has is known; what images and packages unpack is not in any list, so it is taken
from measurements, and said to be an estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...docker.images.plan import parse_images
from ...finding import ERROR, WARNING, Finding
from . import disk as findings_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# measured: 176 000 files and directories of 8 images of a release.  Counted with `dpkg -c`: 2079 in the 36
# packages of the demo's bundle, 6935 in 120 others of Debian, 58 each, and dpkg keeps 4 more of each; more
# than twice that, because a driver's sources and headers are few packages of thousands of files
_PER_IMAGE = 22_000
_PER_PACKAGE = 150
# below this a file system is as good as full: dpkg, Docker and journald write beside an installation
_RESERVE = 500


def inodes(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    known, guessed = _demands(profile, requirements)
    mounts = profile["places"]["mounts"]
    by_mount: dict[str, list[str]] = {}
    for path in sorted({*known, *guessed}):
        by_mount.setdefault(mounts[path]["mount"] or path, []).append(path)
    for point, paths in by_mount.items():
        place = mounts[paths[0]]
        if not place["inodes_total"]:
            continue  # btrfs, zfs: as many as there is room for
        sure = sum(known.get(path, 0) for path in paths)
        likely = sure + sum(guessed.get(path, 0) for path in paths)
        free = place["inodes"]
        if free >= max(likely, sure + _RESERVE):
            continue
        short = free < sure + _RESERVE
        needed = f"{sure + _RESERVE}" if short else f"about {likely}"
        unpacked = likely - sure
        more = f", about {unpacked} more estimated for what images and packages unpack" if unpacked else ""
        yield Finding(
            ERROR if short else WARNING,
            "inodes-too-few",
            f"the file system of {point} has {free} of {place['inodes_total']} inodes free and {needed} are "
            f"needed: {sure} files are known{more}, and {_RESERVE} must stay free; bytes may well be free",
            str(free),
            needed,
            "remove directories of many small files there, make the file system anew with more inodes "
            "(`mkfs.ext4 -N`), or set docker.data_root or root in the site file to another one",
            point,
        )


def _demands(
    profile: Mapping[str, Any], requirements: Mapping[str, Any]
) -> tuple[dict[str, int], dict[str, int]]:
    known: dict[str, int] = {}
    guessed: dict[str, int] = {}
    here = set(profile["docker"]["engine"]["present"])
    images = parse_images(requirements["images"]) if requirements["images"] else []
    absent = [image for image in images if image.config not in here]
    if absent:
        containerd = findings_disk.uses_containerd_store(profile, requirements)
        path = profile["docker"]["containerd_root" if containerd else "data_root"]
        # each layer has some directories and files of Docker's own
        known[path] = 5 * sum(len(image.layers) for image in absent)
        guessed[path] = _PER_IMAGE * len(absent)
    due = sum(item["state"] in ("absent", "older") for item in profile["packages"]["wanted"])
    if due:
        guessed["/usr"] = due * _PER_PACKAGE
    if requirements["release_version"] not in profile["releases"]["installed"]:
        known[requirements["root"]] = known.get(requirements["root"], 0) + len(requirements["release_files"])
    return known, guessed
