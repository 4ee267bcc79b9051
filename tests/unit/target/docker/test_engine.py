"""Whose a running container is: by the directory that Compose wrote down, however that was called."""

import pytest

from graphistry_airgap.target.docker.engine import Engine


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "disk/graphistry/releases/v1").mkdir(parents=True)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/graphistry").symlink_to(tmp_path / "disk/graphistry")
    (tmp_path / "srv").symlink_to(tmp_path / "disk")
    (tmp_path / "disk/graphistry-old").mkdir()
    return tmp_path


def foreign(root, *rows):
    out = "".join(f"{name}\t{folder}\n" for name, folder in rows)
    return Engine(lambda words: (0, out, ""), str(root)).foreign_containers()


@pytest.mark.parametrize("root", ["var/graphistry", "srv/graphistry", "disk/graphistry"])
@pytest.mark.parametrize("called", ["var/graphistry", "srv/graphistry", "disk/graphistry"])
def test_a_directory_below_the_root_is_ours_by_each_of_its_names(tree, root, called):
    assert foreign(tree / root, ("caddy", tree / called / "releases/v1"), ("web", tree / called)) == []


@pytest.mark.parametrize(
    "folder", ["disk/graphistry-old", "disk", "srv/graphistry/../graphistry-old", "var/wiki"]
)
def test_a_directory_beside_the_root_is_somebody_else_s(tree, folder):
    assert foreign(tree / "var/graphistry", ("x", tree / folder)) == ["x"]


def test_a_container_without_a_directory_is_somebody_else_s(tree):
    assert foreign(tree / "var/graphistry", ("b", ""), ("a", "")) == ["a", "b"]
