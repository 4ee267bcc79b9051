"""An ENOSPC is about bytes or about inodes, and the message says which."""

import os
from types import SimpleNamespace

import pytest

from graphistry_airgap.target.host import full_disk
from graphistry_airgap.target.packages.apt import system as apt_system
from graphistry_airgap.target.packages.dnf import system as dnf_system


@pytest.fixture
def room(monkeypatch):
    def have(*, inodes, total=1000, blocks=7):
        state = SimpleNamespace(f_bavail=blocks, f_frsize=4096, f_favail=inodes, f_files=total)
        monkeypatch.setattr(os, "statvfs", lambda _: state)

    return have


@pytest.mark.parametrize(
    ("inodes", "total", "says"),
    [
        (0, 1000, "inodes of its file system are used up (0 of 1000 are free), and 28672 bytes are not"),
        (63, 1000, "used up (63 of 1000"),
        (64, 1000, "28672 bytes are free"),
        (0, 0, "28672 bytes are free"),  # no fixed number, as with btrfs
    ],
)
def test_what_is_used_up_is_said(room, tmp_path, inodes, total, says):
    room(inodes=inodes, total=total)
    assert says in full_disk.reason(tmp_path / "not" / "there")


@pytest.mark.parametrize("refused", [apt_system.refused, dnf_system.refused])
def test_a_package_manager_s_words_come_with_the_reason(room, refused):
    room(inodes=0)
    error = refused("packages cannot be installed", "cannot copy: No space left on device")
    assert "/usr: the inodes of its file system are used up" in str(error)
    assert "cannot copy: No space left on device" in str(error)
    assert "inodes" not in str(refused("packages cannot be installed", "held packages"))
