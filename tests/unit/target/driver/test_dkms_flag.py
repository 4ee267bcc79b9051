"""The flag that keeps DKMS quiet goes again, whatever becomes of the run that raised it."""

import pytest

from graphistry_airgap.target.driver import dkms_flag


@pytest.fixture
def places(tmp_path):
    return tmp_path / "etc/dkms/no-autoinstall", tmp_path / "run/graphistry-airgap/token"


def test_up_inside_and_gone_with_its_directory_afterwards(places):
    flag, token = places
    with dkms_flag.raised(flag, token):
        assert flag.is_file()
    assert not flag.is_symlink()
    assert not token.exists()
    assert not flag.parent.exists()


def test_gone_after_a_failure_and_what_dkms_has_there_stays(places):
    flag, token = places
    flag.parent.mkdir(parents=True)
    (flag.parent / "framework.conf").touch()
    with pytest.raises(ValueError, match="apt"), dkms_flag.raised(flag, token):
        raise ValueError("apt")
    assert [path.name for path in flag.parent.iterdir()] == ["framework.conf"]


def test_a_flag_of_a_killed_run_is_taken_over_and_lowered(places):
    flag, token = places
    flag.parent.mkdir(parents=True)
    flag.symlink_to(token)
    assert not flag.is_file(), "after a boot, /run is empty and DKMS works as ever"
    with dkms_flag.raised(flag, token):
        assert flag.is_file()
    assert not flag.is_symlink()
    flag.parent.mkdir(parents=True)
    flag.symlink_to(token)
    dkms_flag.lower(flag, token)
    assert not flag.is_symlink()


def test_the_operators_own_flag_stays(places):
    flag, token = places
    flag.parent.mkdir(parents=True)
    flag.write_text("mine")
    with dkms_flag.raised(flag, token):
        pass
    dkms_flag.lower(flag, token)
    assert flag.read_text() == "mine"
