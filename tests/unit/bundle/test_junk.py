"""Whose the files are that nobody copied to a medium: the tool and install.sh say the same."""

import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.bundle.checksums import compare_names

# what install.sh knows by the time that it compares names
HARNESS = r"""
stage=$HERE/stage bundle=$HERE/bundle
echo a >"$stage/listed"
check_names
"""

MADE = [
    ("System Volume Information/WPSettings.dat", "Windows", "into a directory of the medium"),
    ("$RECYCLE.BIN/S-1-5-18/desktop.ini", "Windows", "into a directory of the medium"),
    ("release/Thumbs.db", "Windows", "Explorer"),
    ("release/data/desktop.ini", "Windows", "Explorer"),
    (".Trashes/501/x", "macOS", "into a directory of the medium"),
    (".fseventsd/fseventsd-uuid", "macOS", "into a directory of the medium"),
    (".Spotlight-V100/VolumeConfiguration.plist", "macOS", "into a directory of the medium"),
    (".DS_Store", "macOS", "Finder"),
    ("release/._VERSION", "macOS", "dot_clean"),
    ("lost+found/#12", "the file system", "sound medium"),
]


def said(path):
    (error,) = compare_names(["a"], ["a", "SHA256SUMS", path])
    return error


@pytest.mark.parametrize(("path", "maker", "help_"), MADE, ids=[path for path, _, _ in MADE])
def test_the_maker_of_a_file_and_the_way_out_are_named(path, maker, help_):
    error = said(path)
    assert (error.code, error.details["path"]) == ("file-extra", path)
    assert f"{maker} makes" in error.message
    assert help_ in error.hint
    assert "copy the bundle again from its source" not in error.hint


def test_a_kind_is_one_error_however_many_files_there_are():
    paths = [f"release/data/._{number}" for number in range(300)]
    (error,) = compare_names(["a"], ["a", *paths])
    assert "300 file(s)" in error.message


@pytest.mark.parametrize("path", ["planted", "release/etc/._", "release/thumbs.db.sh", "release/my.DS_Store"])
def test_what_nothing_explains_is_told_as_before(path):
    error = said(path)
    explained = path.endswith("._")  # nobody but macOS begins a name so
    assert ("makes" in error.message) == explained
    assert ("nobody vouches" in error.hint) != explained


@pytest.mark.subprocesses
def test_install_sh_says_the_same(tmp_path):
    for name in ("a", "SHA256SUMS", "planted", *(path for path, _, _ in MADE)):
        path = tmp_path / "bundle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "stage").mkdir()
    code = install_sh().decode().removesuffix('main "$@"\n')
    script = code + f"HERE='{tmp_path}'\n" + HARNESS
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    told = done.stderr.split("error: ")[1:]
    wanted = compare_names(["a"], ["a", "planted", *(path for path, _, _ in MADE)])
    assert sorted(told) == sorted(f"{error.message}\n  hint: {error.hint}\n" for error in wanted)
