"""What dpkg is asked, of the real one."""

import shutil
import subprocess

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages.apt.system import Apt

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-query"), reason="this machine has no dpkg")


def run(argv, environment):
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_file_of_a_package_is_told_from_one_that_somebody_put_there(tmp_path):
    stray = tmp_path / "dockerd"
    stray.write_text("")

    owned = Apt(Host(run)).owned(["/usr/bin/dpkg-query", "/etc/passwd", str(stray), "/var/lib/dpkg/info"])

    # base-files makes /etc/passwd when it is configured, so no package has it
    assert owned == {"/usr/bin/dpkg-query", "/var/lib/dpkg/info"}


def test_a_directory_that_several_packages_have_is_owned():
    assert Apt(Host(run)).owned(["/usr/share/doc"]) == {"/usr/share/doc"}


def test_nothing_is_asked_of_nothing():
    def refuse(*_):
        raise AssertionError("a program was run")

    assert Apt(Host(refuse)).owned([]) == set()


def test_a_host_without_dpkg_has_no_packages_files():
    missing = Host(lambda *_: (127, "", "env: dpkg-query: not found"))
    assert Apt(missing).owned(["/usr/bin/sh"]) == set()
