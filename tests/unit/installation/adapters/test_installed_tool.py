"""Whose tool the link names, on directories that stand for /opt/graphistry-airgap."""

import pytest

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import HostError
from graphistry_airgap.installation.adapters import installed_tool


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Environments `old` and `new`, the link on `old`."""
    for name in ("old", "new"):
        (tmp_path / "runtimes" / name / "bin").mkdir(parents=True)
        (tmp_path / "runtimes" / name / "bin/graphistry-airgap").write_text(name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/graphistry-airgap").symlink_to("../runtimes/old/bin/graphistry-airgap")
    monkeypatch.setattr(places, "PROGRAM", tmp_path)
    monkeypatch.setattr(places, "RUNTIMES", tmp_path / "runtimes")
    monkeypatch.setattr(places, "TOOL", tmp_path / "bin/graphistry-airgap")
    return tmp_path


def test_the_link_names_the_environment_that_took_over(program):
    (program / "bin/.next").symlink_to("left by a run that was killed")
    installed_tool.take_over(program / "runtimes/new")
    assert places.TOOL.read_text() == "new"
    assert [path.name for path in (program / "bin").iterdir()] == ["graphistry-airgap"]


def test_who_has_it_already_touches_nothing(program):
    before = places.TOOL.lstat()
    installed_tool.take_over(program / "runtimes/old")
    assert places.TOOL.lstat() == before


def test_an_environment_from_elsewhere_leaves_the_link_alone(program, tmp_path):
    installed_tool.take_over(tmp_path / "checkout/.venv")
    assert places.TOOL.read_text() == "old"


def test_a_link_that_cannot_be_written(program):
    places.TOOL.unlink()
    (program / "bin").rmdir()
    (program / "bin").write_text("a file")
    with pytest.raises(HostError) as caught:
        installed_tool.take_over(program / "runtimes/new")
    assert caught.value.code == "program-unwritable"
