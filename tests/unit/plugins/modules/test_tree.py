"""The release on disk: checked while it is copied, all or nothing, state of the operator untouched."""

import hashlib
import os

import pytest

CONTENT = {
    "VERSION": b"v1\n",
    "graphistry": b"#!/bin/sh\n",
    "etc/scripts/a.sh": b"#!/bin/sh\n:\n",
    "data/config/x": b"x\n",
}


@pytest.fixture
def tree(call_module, verify, tmp_path):
    source = tmp_path / "medium" / "release"
    for name, data in CONTENT.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    verify(tmp_path / "medium")
    dest = tmp_path / "root" / "releases" / "v1"
    files = {name: {"sha256": hashlib.sha256(data).hexdigest()} for name, data in CONTENT.items()}

    def run(**arguments):
        known = {"source": str(source), "dest": str(dest), "files": files, "replaced": str(tmp_path / "kept")}
        return call_module("tree", **known | arguments)

    run.source, run.dest, run.files = source, dest, files
    return run


def snapshot(path):
    return (
        {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
        if path.exists()
        else {}
    )


def test_a_release_is_laid_down_once(tree):
    assert tree()["changed"] is True
    assert snapshot(tree.dest) == CONTENT
    assert os.access(tree.dest / "graphistry", os.X_OK)
    assert not os.access(tree.dest / "VERSION", os.X_OK)
    inodes = {path: path.stat().st_ino for path in tree.dest.rglob("*")}
    assert tree()["changed"] is False
    assert {path: path.stat().st_ino for path in tree.dest.rglob("*")} == inodes


def test_other_users_can_read_it_under_a_strict_umask(tree):
    before = os.umask(0o077)
    try:
        tree()
        assert (tree.dest / "etc" / "scripts").stat().st_mode & 0o777 == 0o755
        assert (tree.dest / "VERSION").stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


def test_a_differing_file_is_named_and_nothing_is_there(tree):
    (tree.source / "graphistry").write_bytes(b"#!/bin/sh\nrm -rf /\n")
    result = tree()
    assert result["failed"] is True
    assert result["path"] == "graphistry"
    assert snapshot(tree.dest) == {}
    assert list(tree.dest.parent.glob(".*")) == []


def test_a_link_on_the_medium_is_refused(tree, tmp_path):
    (tmp_path / "elsewhere").write_bytes(CONTENT["VERSION"])
    (tree.source / "VERSION").unlink()
    (tree.source / "VERSION").symlink_to(tmp_path / "elsewhere")
    assert tree()["path"] == "VERSION"


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a//b", "."])
def test_a_name_that_leaves_the_release_is_refused(tree, name):
    result = tree(files={**tree.files, name: {"sha256": "0" * 64}})
    assert result["failed"] is True
    assert snapshot(tree.dest) == {}


def test_state_of_the_operator_is_seeded_and_never_overwritten(tree):
    tree()
    (tree.dest / "data" / "config" / "x").write_bytes(b"mine\n")
    (tree.dest / "data" / "config" / "x").chmod(0o600)
    assert tree()["changed"] is False
    assert (tree.dest / "data" / "config" / "x").read_bytes() == b"mine\n"


def test_a_changed_file_of_the_vendor_is_put_right_and_kept(tree, tmp_path):
    tree()
    (tree.dest / "VERSION").write_bytes(b"v1 patched\n")
    assert tree()["copied"] == ["VERSION"]
    assert (tree.dest / "VERSION").read_bytes() == CONTENT["VERSION"]
    assert [p.read_bytes() for p in (tmp_path / "kept").rglob("VERSION.*")] == [b"v1 patched\n"]


def test_a_lost_x_bit_comes_back_and_strangers_stay(tree):
    tree()
    (tree.dest / "graphistry").chmod(0o644)
    (tree.dest / "docker-compose.override.yml").write_bytes(b"services: {}\n")
    assert tree()["changed"] is True
    assert os.access(tree.dest / "graphistry", os.X_OK)
    assert (tree.dest / "docker-compose.override.yml").exists()


def test_what_a_killed_run_left_is_cleared(tree):
    leftover = tree.dest.parent / f".{tree.dest.name}.incoming"
    leftover.mkdir(parents=True)
    (leftover / "half").write_bytes(b"?")
    tree()
    assert not leftover.exists()
    assert snapshot(tree.dest) == CONTENT


def test_check_mode_writes_nothing(tree):
    assert tree(check=True)["changed"] is True
    assert not tree.dest.exists()


def test_directories_that_ship_empty_are_made_once_and_keep_what_is_in_them(tree):
    assert tree(directories=["data/notebooks"])["changed"] is True
    (tree.dest / "data" / "notebooks" / "mine.ipynb").write_text("{}")
    assert tree(directories=["data/notebooks"])["changed"] is False
    assert (tree.dest / "data" / "notebooks" / "mine.ipynb").exists()


def test_a_directory_outside_the_release_is_refused(tree):
    assert tree(directories=["../elsewhere"])["failed"] is True
    assert not tree.dest.exists()


@pytest.mark.parametrize("way", ["data", "data/config", "etc", "etc/scripts"])
def test_nothing_is_written_along_a_link_that_a_container_left(tree, tmp_path, way):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tree.dest / way).parent.mkdir(parents=True, exist_ok=True)
    (tree.dest / way).symlink_to(elsewhere)
    result = tree()
    assert result["code"] == "release-link"
    assert list(elsewhere.iterdir()) == []


def test_an_empty_directory_is_not_made_along_a_link(tree, tmp_path):
    tree()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tree.dest / "data" / "mounted").symlink_to(elsewhere)
    assert tree(directories=["data/mounted/cache"])["code"] == "release-link"
    assert list(elsewhere.iterdir()) == []


def test_state_that_an_operator_has_led_elsewhere_stays(tree, tmp_path):
    tree()
    (tree.dest / "data" / "config").rename(tmp_path / "elsewhere")
    (tree.dest / "data" / "config").symlink_to(tmp_path / "elsewhere")
    assert tree()["changed"] is False


def test_a_vendor_s_file_that_became_a_link_is_replaced_and_its_target_is_not(tree, tmp_path):
    tree()
    target = tmp_path / "target"
    target.write_bytes(b"somebody's\n")
    target.chmod(0o600)
    (tree.dest / "VERSION").unlink()
    (tree.dest / "VERSION").symlink_to(target)
    assert tree()["copied"] == ["VERSION"]
    assert not (tree.dest / "VERSION").is_symlink()
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"somebody's\n", 0o600)


def told(tree, result):
    """Name in the release to kind, before and after."""
    return {
        one["what"].removeprefix(f"{tree.dest}/"): (one["kind"], one["before"], one["after"])
        for one in result["changes"]
    }


def test_check_mode_foretells_each_file_of_a_fresh_release(tree, as_foretold):
    result = as_foretold(tree, directories=["data/empty"])
    wanted = {name: ("file", None, {"sha256": entry["sha256"]}) for name, entry in tree.files.items()}
    assert told(tree, result) == {**wanted, "data/empty": ("directory", None, {"mode": "0755"})}


def test_check_mode_foretells_what_is_put_right(tree, as_foretold):
    tree()
    (tree.dest / "VERSION").write_text("v0\n")
    (tree.dest / "graphistry").chmod(0o600)
    (tree.dest / "etc" / "scripts" / "a.sh").unlink()
    (tree.dest / "etc" / "scripts" / "a.sh").symlink_to("/etc/passwd")
    (tree.dest / "data" / "config" / "x").write_text("the operator's\n")
    found = told(tree, as_foretold(tree))
    assert found == {
        "VERSION": (
            "file",
            {"sha256": hashlib.sha256(b"v0\n").hexdigest()},
            {"sha256": tree.files["VERSION"]["sha256"]},
        ),
        "graphistry": ("file", {"mode": "0600"}, {"mode": "0755"}),
        "etc/scripts/a.sh": (
            "file",
            {"regular": False},
            {"sha256": tree.files["etc/scripts/a.sh"]["sha256"]},
        ),
    }


def test_a_mode_that_the_list_names_is_foretold_with_the_file(tree, as_foretold):
    files = {**tree.files, "VERSION": {**tree.files["VERSION"], "mode": "0640"}}
    (tree.dest).mkdir(parents=True)
    (tree.dest / "VERSION").write_text("v0\n")
    (tree.dest / "VERSION").chmod(0o644)
    _, before, after = told(tree, as_foretold(tree, files=files))["VERSION"]
    assert (before["mode"], after["mode"]) == ("0644", "0640")


def test_the_link_points_at_the_release_by_a_relative_path(tree, as_foretold):
    link = tree.dest.parents[1] / "current"
    tree()
    (change,) = as_foretold(tree, link=str(link))["changes"]
    expected = {"subject": "release", "kind": "link", "what": str(link), "before": None}
    assert change == expected | {"after": "releases/v1"}
    assert (os.fspath(link.readlink()), (link / "VERSION").read_bytes()) == (
        "releases/v1",
        CONTENT["VERSION"],
    )


def test_a_link_to_another_release_is_led_here(tree, as_foretold):
    link = tree.dest.parents[1] / "current"
    tree()
    link.symlink_to("releases/v0")
    (change,) = as_foretold(tree, link=str(link))["changes"]
    assert (change["before"], change["after"]) == ("releases/v0", "releases/v1")


@pytest.mark.parametrize("make", ["mkdir", "touch"])
def test_what_is_no_link_stays_and_nothing_is_laid_down(tree, make):
    link = tree.dest.parents[1] / "current"
    link.parent.mkdir(parents=True, exist_ok=True)
    getattr(link, make)()
    said = tree(link=str(link))
    assert (said["code"], said["path"]) == ("release-link", str(link))
    assert "move it away" in said["hint"]
    assert (link.is_symlink(), snapshot(tree.dest)) == (False, {})
