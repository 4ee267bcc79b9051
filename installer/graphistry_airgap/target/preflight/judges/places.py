"""Judgements about places: whether they can be written, and whether programs start where they will lie.

The kernel's options of a mount decide, after links: a directory that is only named, and does not exist yet,
lies on the mount of its nearest parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, WARNING, Finding
from . import driver as findings_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IN_MEMORY = ("tmpfs", "ramfs")
# without owners, modes and links
_FOREIGN = ("vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "hfs", "hfsplus", "iso9660", "udf")
_ADVICE = "`mount -o remount,{} {}` and /etc/fstab, or name another place in the site file: {}"


def writable(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    mounts = profile["places"]["mounts"]
    for path, purpose in _written(profile, requirements):
        place = mounts[path]
        if place["obstacle"]:
            yield Finding(
                ERROR,
                "path-no-directory",
                f"{purpose} in {path}, and {place['obstacle']} is no directory",
                place["obstacle"],
                f"a directory, or nothing, at {path}",
                "move that file away, or name another place in the site file",
                path,
            )
        elif "ro" in place["options"]:
            yield _read_only(profile, path, purpose, place)


def _read_only(profile: Mapping[str, Any], path: str, purpose: str, place: Mapping[str, Any]) -> Finding:
    point = place["mount"]
    hint = f"make it writable before (`mount -o remount,rw {point}`)"
    found = f"{point} is mounted read-only"
    if path == "/usr" and profile["places"]["image_based"]:
        found += ", as this is an image-based host (ostree)"
        hint = "packages cannot be installed into such a host: install on a host with packages of its own"
    elif path == "/usr" and (hooks := profile["places"]["remount_hooks"]):
        found += f"; this host's apt would remount it ({'; '.join(hooks)})"
        hint = (
            "the installation's apt reads no hooks of the host, and the driver is built after it: "
            f"`mount -o remount,rw {point}`, install, then `mount -o remount,ro {point}`"
        )
    elif path not in ("/usr", "/etc", "/var/lib"):
        hint += ", or name another place in the site file"
    return Finding(
        ERROR,
        "path-read-only",
        f"{purpose} in {path}, and {found}",
        found,
        f"{point} writable",
        hint,
        path,
    )


def _written(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    due = any(item["state"] in ("absent", "older") for item in profile["packages"]["wanted"])
    if due or findings_driver.is_to_be_made(profile, requirements):
        yield "/usr", "packages are to be installed"
    yield "/etc", "Docker's settings and units are written"
    yield "/var/lib", "receipts and packages' states are written"
    yield profile["docker"]["data_root"], "Docker keeps its data"
    yield requirements["root"], "the release and its data lie"


def executable(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker's own data root may be noexec: containers see overlay mounts of their own."""
    mounts = profile["places"]["mounts"]
    root = requirements["root"]
    if "noexec" in mounts[root]["options"]:
        point = mounts[root]["mount"]
        yield Finding(
            ERROR,
            "path-noexec",
            f"the release lies in {root}, and {point} is mounted noexec: its program `graphistry` and its "
            "scripts do not start there, nor in containers that mount them",
            f"{point} is mounted noexec",
            "a place where programs may run",
            _ADVICE.format("exec", point, "root"),
            root,
        )
    due = any(item["state"] in ("absent", "older") for item in profile["packages"]["wanted"])
    # rpm hands its scripts to a shell, dpkg starts them where they lie
    if due and requirements["package_system"] == "apt" and "noexec" in mounts["/var/lib/dpkg"]["options"]:
        point = mounts["/var/lib/dpkg"]["mount"]
        yield Finding(
            ERROR,
            "path-noexec",
            f"dpkg starts the scripts of packages in /var/lib/dpkg/info, and {point} is mounted noexec",
            f"{point} is mounted noexec",
            "a place where programs may run",
            f"`mount -o remount,exec {point}` while packages are installed",
            "/var/lib/dpkg",
        )


def lasting(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """What only the host tells about a place of the site file: memory, media, foreign file systems."""
    mounts = profile["places"]["mounts"]
    bundle = profile["places"]["bundle"]
    for key, path in (("root", requirements["root"]), ("docker.data_root", profile["docker"]["data_root"])):
        place = mounts[path]
        where = path if place["resolved"] == path else f"{path} (which leads to {place['resolved']})"
        if bundle and (place["resolved"] + "/").startswith(bundle.rstrip("/") + "/"):
            yield Finding(
                ERROR,
                "path-on-medium",
                f"{key} is {where}, inside the bundle",
                place["resolved"],
                "a place on a disk of this host",
                f"name another {key} in the site file, or let the link lead elsewhere",
                path,
            )
        elif place["kind"] in _FOREIGN:
            yield Finding(
                ERROR,
                "path-file-system-unfit",
                f"{key} is {where}, on a file system of kind {place['kind']}, which has no owners, modes or "
                "links",
                place["kind"],
                "ext4, xfs or another file system of Linux",
                f"name another {key} in the site file",
                path,
            )
        elif place["kind"] in _IN_MEMORY:
            yield Finding(
                ERROR if key == "root" else WARNING,
                "path-volatile",
                f"{key} is {where}, in memory ({place['kind']} at {place['mount']}): all of it is gone after "
                "a boot",
                place["kind"],
                "a place on a disk of this host",
                f"name another {key} in the site file, or mount a disk there",
                path,
            )
