"""Whether install.sh has fapolicyd trust the tool: by an empty file of root's, and by no site file."""

import os
import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.core.adapters import root_file
from graphistry_airgap.core.errors import InputError

pytestmark = pytest.mark.subprocesses
CODE = install_sh().decode().removesuffix('main "$@"\n')
# fapolicyd runs, and its programs are there
STAND_INS = """
exec 3>&1
json=yes site=$HERE/site.yml ALLOWED=$HERE/allow TRUST_FILE=$HERE/trust INSTALLED=$HERE/installed
fapolicyd_runs() { return 0; }
PATH=$HERE/programs:$PATH
grep() { case $* in *fapolicyd.conf) return 0 ;; *) command grep "$@" ;; esac; }
python_fits() { return 0; }
"""
NAMES_IT = "hardening: {allow: [fapolicyd-trust]}\n"


def allow(here):
    programs = here / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "fapolicyd-cli").write_text(f"#!/bin/sh\necho told >'{here}/told'\n", encoding="utf-8")
    (programs / "fapolicyd-cli").chmod(0o755)
    return subprocess.run(
        ["sh", "-c", f"{CODE}HERE='{here}'\n{STAND_INS}allow_fapolicyd\n"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_the_file_it_goes_on_whatever_the_site_file_says(tmp_path):
    (tmp_path / "allow").touch(mode=0o644)
    assert allow(tmp_path).returncode == 0
    (tmp_path / "site.yml").write_text("hardening: {allow: []}\n", encoding="utf-8")
    assert allow(tmp_path).returncode == 0


@pytest.mark.parametrize("site", [NAMES_IT, "# fapolicyd-trust\n", ""])
def test_the_site_file_alone_is_not_looked_at_and_the_line_to_write_is_told(tmp_path, site):
    (tmp_path / "site.yml").write_text(site, encoding="utf-8")
    done = allow(tmp_path)
    assert done.returncode == 3
    assert '"code":"fapolicyd-trust"' in done.stdout
    assert f"touch {tmp_path}/allow;" in done.stderr


@pytest.mark.parametrize(
    ("installed", "taken_back"),
    [("allow fapolicyd-trust\n", True), ("site /etc/site.yml\n", False), (None, False)],
    ids=["withdrawn", "older-than-the-file", "no-receipt"],
)
def test_entries_go_where_the_file_was_there_and_stay_on_a_host_of_before(tmp_path, installed, taken_back):
    (tmp_path / "trust").write_text("/opt/graphistry-airgap/x 1 00\n", encoding="utf-8")
    if installed is not None:
        (tmp_path / "installed").write_text(installed, encoding="utf-8")
    done = allow(tmp_path)
    assert done.returncode == 3
    assert (tmp_path / "trust").exists() is not taken_back
    assert ("was taken back" in done.stderr) is taken_back
    assert (tmp_path / "told").exists() is taken_back


def writable(path):
    path.touch()
    path.chmod(0o666)


@pytest.mark.parametrize(
    "make",
    [lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/null"), writable],
    ids=["directory", "link", "others-write"],
)
def test_a_file_that_others_may_change_is_refused_by_both(tmp_path, make):
    make(tmp_path / "allow")
    done = allow(tmp_path)
    assert (done.returncode, '"code":"allow-unsafe"' in done.stdout) == (2, True)
    with pytest.raises(InputError) as caught:
        root_file.is_there(tmp_path / "allow", unsafe="allow-unsafe", instead="touch it anew")
    assert caught.value.code == "allow-unsafe"


def test_both_ask_whether_it_is_there(tmp_path):
    def there():
        return root_file.is_there(tmp_path / "allow", unsafe="allow-unsafe", instead="touch it anew")

    assert there() is False
    (tmp_path / "allow").touch(mode=0o644)
    os.chown(tmp_path / "allow", 0, 0)
    assert there() is True
