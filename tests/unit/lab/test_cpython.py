"""The CPython in the lab's rpms: a real one of this machine, which runs away from where it was."""

import os
import subprocess

import pytest

from lab.repositories import cpython

pytestmark = pytest.mark.subprocesses


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    try:
        cpython.find()
    except cpython.NoCPythonError as problem:
        pytest.skip(f"not tried: {problem}")
    return cpython.make_debs(tmp_path_factory.mktemp("pool") / "debs")


def test_it_runs_from_another_place(pool, tmp_path):
    for deb in pool.iterdir():
        subprocess.run(["dpkg-deb", "--extract", deb, tmp_path], check=True)
    program = tmp_path / "usr/bin" / cpython.PYTHON
    where = {"LD_LIBRARY_PATH": os.fspath(tmp_path / "usr/lib/x86_64-linux-gnu")}
    said = subprocess.run(
        [program, "-I", "-c", "import ssl, venv; print(venv.__file__)"],
        env=where,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith(f"{tmp_path}/usr/lib/{cpython.PYTHON}/venv/")


def test_the_same_bytes_each_time(pool, tmp_path):
    """Others would change the repositories, and with them every bundle of a host with dnf."""
    first = {deb.name: deb.read_bytes() for deb in pool.iterdir()}
    assert {deb.name: deb.read_bytes() for deb in cpython.make_debs(tmp_path / "again").iterdir()} == first


def test_a_machine_without_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    with pytest.raises(cpython.NoCPythonError, match=r"no python3\.12"):
        cpython.find()
