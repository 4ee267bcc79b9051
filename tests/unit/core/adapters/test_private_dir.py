import os
from pathlib import Path

import pytest

from graphistry_airgap.core.adapters.private_dir import LONGEST, private_parent, require_private
from graphistry_airgap.core.errors import HostEnvironmentError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="ownership by root is the point")


@needs_root
def test_a_directory_that_others_can_write_is_refused(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    with pytest.raises(HostEnvironmentError, match="others than root can write"):
        require_private(shared / "work")
    assert not (shared / "work").exists()


@needs_root
def test_a_link_into_such_a_directory_is_refused():
    # /tmp is the classic one: sticky, but anybody can put a name there first
    with pytest.raises(HostEnvironmentError):
        require_private(Path("/tmp/graphistry-airgap-test-work"))


@needs_root
def test_a_new_directory_is_private():
    folder = require_private(Path("/run/graphistry-airgap-test-work"))
    try:
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.rmdir()


@needs_root
def test_a_path_too_long_for_sockets_is_refused_before_anything_is_made():
    fitting = Path("/run/graphistry-airgap-test-".ljust(LONGEST, "w"))
    require_private(fitting).rmdir()
    too_long = Path(f"{fitting}w")
    with pytest.raises(HostEnvironmentError, match="may have 40 bytes") as caught:
        require_private(too_long)
    assert caught.value.code == "work-dir-unusable"
    assert not too_long.exists()


@needs_root
def test_a_file_in_its_place_is_no_bug():
    with pytest.raises(HostEnvironmentError, match="cannot be made"):
        require_private(Path("/etc/hostname"))


@needs_root
@pytest.mark.parametrize("name", ["a" * 300, "loop"])
def test_a_path_that_nothing_can_have_is_no_bug(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(HostEnvironmentError, match="the work directory"):
        require_private(tmp_path / name / "work")


@needs_root
def test_root_s_short_lived_files_lie_where_only_root_writes():
    folder = private_parent()
    assert folder.stat().st_uid == 0
    assert not folder.stat().st_mode & 0o022
