"""Which storage driver Docker has or would take, and what vfs costs."""

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import storage as probe_storage
from tests.kit.fakes.good_host import GIB, RUNNING, disk, mount
from tests.kit.fakes.place_profiles import ENGINE, MOUNTS, findings

DOCKER = "/var/lib/docker"


def told(profile, requirements=None):
    return [(item.severity, item.code) for item in findings(profile, requirements)]


def one_image(sizes):
    layers = [
        {"digest": sha(number), "size": 0, "diff_id": sha(number), "unpacked_size": size}
        for number, size in enumerate(sizes)
    ]
    manifest = {"digest": sha(1000), "size": 1, "media_type": "x"}
    return {"name": "a:1", "manifest": manifest, "config": sha(2000), "layers": layers}


def sha(number):
    return f"sha256:{number:064x}"


def on(kind, **storage):
    return {MOUNTS: {DOCKER: mount(DOCKER, mount=DOCKER, kind=kind)}, "docker.storage": storage}


VFS, UNKNOWN = ("error", "storage-driver-vfs"), ("warning", "storage-driver-unknown")


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (on("ext4"), []),
        (on("overlay"), [VFS]),
        (on("nfs4"), [VFS]),
        (on("ecryptfs"), [VFS]),
        (on("fuse.sshfs"), [VFS]),
        (on("btrfs", overlay=False), []),
        (on("zfs", overlay=False), []),
        (on("xfs"), []),
        (on("xfs", d_type=False), [VFS]),
        (on("xfs", d_type=None), [UNKNOWN]),
        (on("ext4", overlay=False), [VFS]),
        (on("ext4", overlay=None), [UNKNOWN]),
        (on(""), [UNKNOWN]),
        # what Docker goes on with, whatever it would take for a new data root
        (on("ext4", prior=["vfs"]), [("warning", "storage-driver-vfs")]),
        (on("overlay", prior=["fuse-overlayfs"]), []),
        # an explicit choice is daemon.json's own business
        (on("overlay") | {"docker.settings": {"keys": ["storage-driver"]}}, []),
        # a daemon that runs has decided
        (on("overlay") | {ENGINE: RUNNING | {"driver": "overlay2"}}, []),
        (on("ext4") | {ENGINE: RUNNING | {"driver": "vfs"}}, [("warning", "storage-driver-vfs")]),
        (on("ext4") | {ENGINE: RUNNING | {"driver": "native"}}, [("warning", "storage-driver-vfs")]),
    ],
)  # fmt: skip
def test_what_docker_would_take(profile, expected):
    assert told(profile) == expected


def test_vfs_needs_a_whole_file_system_for_each_layer():
    wanted = {"images": [one_image([10 * GIB] * 4)]}
    room = {"disks": {DOCKER: disk("8:9", 50 * GIB)}}
    assert told(room, wanted) == []
    found = findings(room | {ENGINE: RUNNING | {"driver": "vfs"}}, wanted)
    assert [item.code for item in found] == ["disk-too-small", "storage-driver-vfs"]
    assert "110.0 GiB for images" in found[0].message
    assert "100.0 GiB instead of 40.0 GiB" in found[1].message


def test_the_containerd_store_does_not_start_where_overlay_does_not_work():
    profile = {MOUNTS: {"/var/lib/containerd": mount("/c", kind="nfs")}}
    (error,) = findings(profile, {"image_store": "containerd"})
    assert "Docker does not start" in error.message


# ---- the probe


def answers(out="", status=0):
    return lambda argv, environment: (status, out, "")


NO_PROGRAM = answers(status=127)


def probe(root, run=NO_PROGRAM, kind="ext4"):
    return probe_storage.storage(Host(run=run, root=root), DOCKER, {"kind": kind, "mount": "/"}, "6.1")


def test_what_lies_in_the_data_root_is_named_in_docker_s_order(tmp_path):
    for name in ("vfs/dir", "overlay2/l", "btrfs"):
        (tmp_path / DOCKER[1:] / name).mkdir(parents=True)
    assert probe(tmp_path)["prior"] == ["overlay2", "vfs"]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("proc/filesystems", "nodev\toverlay\n", True),
        ("lib/modules/6.1/modules.dep", "kernel/fs/overlayfs/overlay.ko.xz:\n", True),
        ("lib/modules/6.1/modules.builtin", "kernel/fs/overlayfs/overlay.ko\n", True),
        ("lib/modules/6.1/modules.dep", "kernel/fs/ext4/ext4.ko:\n", False),
        ("lib/modules/5.0/modules.dep", "kernel/fs/overlayfs/overlay.ko:\n", None),
    ],
)
def test_whether_the_kernel_has_overlay(tmp_path, name, text, found):
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(text)
    assert probe(tmp_path)["overlay"] is found


@pytest.mark.parametrize(
    ("run", "found"),
    [
        (answers("naming   =version 2   bsize=4096   ascii-ci=0, ftype=1\n"), True),
        (answers("naming   =version 2   bsize=4096   ascii-ci=0, ftype=0\n"), False),
        (answers(status=127), None),
    ],
)
def test_an_xfs_is_asked_for_its_ftype(tmp_path, run, found):
    assert probe(tmp_path, run, kind="xfs")["d_type"] is found
    assert probe(tmp_path, run)["d_type"] is True
