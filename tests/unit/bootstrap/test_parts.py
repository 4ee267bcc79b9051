"""install.sh is joined from parts, each sound alone, and so is a play's judge, of the same parts."""

import subprocess

import pytest

from graphistry_airgap.bootstrap.render import HERE, PARTS, VERIFIER, install_sh, verify_sh

pytestmark = pytest.mark.subprocesses
OF_INSTALL = sorted((HERE / "install").iterdir())
FILES = [*OF_INSTALL, *sorted((HERE / "verify").iterdir())]
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
    for path in OF_INSTALL:
        for line in path.read_text(encoding="utf-8").splitlines():
            assert line in text or line.startswith("@")
    assert {f"{name}.sh" for name in PARTS} == {path.name for path in OF_INSTALL if path.suffix == ".sh"}


def test_what_judges_for_a_play_is_what_judges_for_install_sh():
    """No line of it is another one but its head and its end."""
    ours = {path.name for path in (HERE / "verify").iterdir()}
    assert [name for name in VERIFIER if name.startswith("verify/")] == ["verify/head", "verify/main"]
    assert ours == {"head.sh", "main.sh"}
    begin, end = ((HERE / f"verify/{name}").read_bytes() for name in ("head.sh", "main.sh"))
    text = verify_sh()
    assert text.startswith(begin)
    assert text.endswith(end)
    installer = set(install_sh().splitlines())
    assert set(text.removeprefix(begin).removesuffix(end).splitlines()) <= installer
    for part in ("armor", "keyring", "verdict", "signature", "names", "sums"):
        assert f"install/{part}" in VERIFIER


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


@pytest.mark.parametrize(("whole", "unused"), [(install_sh, ""), (verify_sh, "SC2034")])
def test_the_whole_is_sound(tmp_path, whole, unused):
    path = tmp_path / "whole.sh"
    path.write_bytes(whole())
    assert content("sh", "-n", path) == ""
    assert content("shellcheck", "--severity=warning", f"--exclude={unused}", path) == ""
