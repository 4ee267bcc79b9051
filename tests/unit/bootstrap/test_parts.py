"""install.sh is joined from parts: each is sound alone, and so is the whole."""

import subprocess

import pytest

from graphistry_airgap.bootstrap.render import HERE, PARTS, install_sh

pytestmark = pytest.mark.subprocesses
FILES = sorted((HERE / "install").iterdir())
SHELL = [path for path in FILES if path.suffix == ".sh"]
AWK = [path for path in FILES if path.suffix == ".awk"]
LINES = 120
# a part takes variables from others, and sets some for them
OF_OTHERS = "--exclude=SC2154,SC2034"


def content(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_part_is_in_the_whole():
    text = install_sh().decode()
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line in text or line.startswith("@")
    assert {f"{name}.sh" for name in PARTS} == {path.name for path in SHELL}


def test_the_whole_is_the_same_each_time_and_names_no_part():
    assert install_sh() == install_sh()
    assert not [line for line in install_sh().splitlines() if line.startswith(b"@")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_part_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_a_part_is_sound_alone(path):
    assert content("sh", "-n", path) == ""
    assert content("shellcheck", "--shell=sh", "--severity=warning", OF_OTHERS, path) == ""


@pytest.mark.parametrize("path", AWK, ids=lambda path: path.name)
def test_a_program_of_awk_lies_in_quotes_of_the_shell(path):
    assert "'" not in path.read_text(encoding="utf-8")


def test_the_whole_is_sound(tmp_path):
    path = tmp_path / "install.sh"
    path.write_bytes(install_sh())
    assert content("sh", "-n", path) == ""
    assert content("shellcheck", "--severity=warning", path) == ""
