"""The stand-in of a relocatable CPython: it runs wherever it is unpacked, with an OpenSSL of its own."""

import os
import subprocess
import tarfile

import pytest

from lab.repositories import relocatable
from lab.repositories.cpython import NoCPythonError

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]
ASK = (
    "import ctypes, hashlib, ssl, sys; print(sys.base_prefix);"
    "print(*{row.split()[-1] for row in open('/proc/self/maps') if 'libcrypto' in row or 'libpython' in row})"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "python.tar.gz"
    try:
        relocatable.make_archive(path)
    except NoCPythonError as problem:
        pytest.skip(f"not tried: {problem}")
    return path


def test_it_runs_from_another_place_on_its_own_libraries(archive, tmp_path):
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    program = tmp_path / "python/bin/python3.12"
    done = subprocess.run([program, "-I", "-c", ASK], env={}, capture_output=True, text=True, check=True)
    prefix, libraries = done.stdout.splitlines()
    assert prefix == f"{tmp_path}/python"
    assert len(libraries.split()) == 2
    assert all(path.startswith(f"{tmp_path}/python/lib/") for path in libraries.split())


def test_the_same_bytes_each_time(archive, tmp_path):
    """Others would change every bundle with it."""
    relocatable.make_archive(tmp_path / "again.tar.gz")
    assert (tmp_path / "again.tar.gz").read_bytes() == archive.read_bytes()


def test_a_machine_without_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    with pytest.raises(NoCPythonError, match=r"no python3\.12"):
        relocatable.make_archive(tmp_path / "python.tar.gz")
