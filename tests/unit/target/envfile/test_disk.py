"""An env file on disk is the old one or the new one, whatever happens."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from graphistry_airgap.target.envfile import disk as env_disk
from graphistry_airgap.target.envfile.disk import EnvDiskError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "custom.env"
    path.write_bytes(b"A=1\n")
    path.chmod(0o640)
    return path


def refused(file, code, *, data=b"A=1\n"):
    with pytest.raises(EnvDiskError) as caught:
        env_disk.save(env_disk.load(file), b"A=2\n")
    assert caught.value.code == code
    assert caught.value.hint
    assert file.read_bytes() == data
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []
    return str(caught.value)


def test_mode_and_owner_stay(file):
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    env_disk.save(env_disk.load(file), b"A=2\n")
    state = file.stat()
    assert file.read_bytes() == b"A=2\n"
    assert state.st_mode & 0o7777 == 0o640
    assert os.geteuid() or (state.st_uid, state.st_gid) == (1234, 4321)


def test_attributes_stay(file):
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    env_disk.save(env_disk.load(file), b"A=2\n")
    assert os.getxattr(file, "user.note") == b"mine"


def test_a_new_file_is_private(tmp_path):
    path = tmp_path / "new.env"
    env_disk.save(env_disk.load(path), b"A=1\n")
    assert path.read_bytes() == b"A=1\n"
    assert path.stat().st_mode & 0o7777 == 0o600


def test_a_link_is_read_along_and_neither_written_along_nor_replaced(file, tmp_path):
    link = tmp_path / "link.env"
    link.symlink_to(file)
    assert env_disk.load(link).data == b"A=1\n"
    assert str(file) in refused(link, "env-file-link")
    assert link.is_symlink()


def test_a_link_to_nothing_is_not_filled(tmp_path):
    link = tmp_path / "link.env"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(EnvDiskError, match="symbolic link"):
        env_disk.save(env_disk.load(link), b"A=1\n")
    assert not (tmp_path / "nowhere").exists()


def test_a_read_only_file_stays(file):
    file.chmod(0o444)
    refused(file, "env-file-read-only")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"B=9\n"),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
)
def test_a_file_that_somebody_else_changed_meanwhile_is_theirs(file, change):
    before = env_disk.load(file)
    change(file)
    theirs = file.read_bytes() if file.exists() else None
    with pytest.raises(EnvDiskError) as caught:
        env_disk.save(before, b"A=2\n")
    assert caught.value.code == "env-file-changed"
    assert (file.read_bytes() if file.exists() else None) == theirs


def test_a_file_that_appeared_meanwhile_is_theirs(tmp_path):
    path = tmp_path / "new.env"
    before = env_disk.load(path)
    path.write_bytes(b"B=9\n")
    with pytest.raises(EnvDiskError) as caught:
        env_disk.save(before, b"A=1\n")
    assert caught.value.code == "env-file-changed"
    assert path.read_bytes() == b"B=9\n"


def test_a_file_that_appears_at_the_last_moment_is_theirs(tmp_path, monkeypatch):
    path = tmp_path / "new.env"
    monkeypatch.setattr(env_disk, "_require_unchanged", lambda before: path.write_bytes(b"B=9\n"))
    with pytest.raises(EnvDiskError) as caught:
        env_disk.save(env_disk.load(path), b"A=1\n")
    assert caught.value.code == "env-file-changed"
    assert path.read_bytes() == b"B=9\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_at_the_end_leaves_the_old_file(file, monkeypatch, number):
    def full(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    refused(file, "disk-full")


@pytest.mark.subprocesses
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    place = tmp_path / "full"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        file = place / "custom.env"
        file.write_bytes(b"A=1\n")
        filler = place / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"x" * (1 << 20))
        refused(file, "disk-full")
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.subprocesses
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_read_only_file_system_is_named(tmp_path):
    place = tmp_path / "fixed"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        file = place / "custom.env"
        file.write_bytes(b"A=1\n")
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        assert "Read-only" in refused(file, "env-file-read-only")
    finally:
        subprocess.run(["umount", place], check=True)


def test_what_is_no_file_is_told_without_waiting(tmp_path):
    pipe = tmp_path / "pipe.env"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/null")):
        with pytest.raises(EnvDiskError) as caught:
            env_disk.load(path)
        assert caught.value.code == "env-file-unreadable"
