import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.runtime.own_wheel import CONTENT, build_own_wheel
from graphistry_airgap.content import PACKAGE, content_root


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_wheel_holds_package_content_and_metadata(cache):
    wheel = build_own_wheel(cache)
    with zipfile.ZipFile(cache.find(wheel.sha256)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == sorted(names)
    assert {
        "graphistry_airgap/__main__.py",
        "graphistry_airgap/py.typed",
        "graphistry_airgap/knowledge/schemas/spec-v1.json",
        "graphistry_airgap/bootstrap/runtime-requirements.txt",
        "graphistry_airgap-0.1.0.dist-info/RECORD",
    } <= set(names)
    assert any(name.startswith("graphistry_airgap/_content/roles/") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_nothing_of_the_machine_with_a_network_travels(cache):
    """Whatever a module of the wheel imports of ours is in the wheel."""
    wheel = build_own_wheel(cache)
    with zipfile.ZipFile(cache.find(wheel.sha256)) as archive:
        names = set(archive.namelist())
        modules = {name: ast.parse(archive.read(name)) for name in names if name.endswith(".py")}
    assert not [name for name in names if name.startswith("graphistry_airgap/connected")]
    imported = {
        node.module
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.level == 0
        and node.module.startswith("graphistry_airgap.")
    }
    files = {one: one.replace(".", "/") for one in imported}
    assert [one for one, path in files.items() if not {f"{path}.py", f"{path}/__init__.py"} & names] == []


def test_times_places_and_caches_do_not_matter(cache, tmp_path):
    """A copy elsewhere, younger and with byte code beside it, gives the same bytes."""
    first = build_own_wheel(cache)
    checkout = tmp_path / "elsewhere"
    shutil.copytree(PACKAGE, checkout / "graphistry_airgap")
    for part in CONTENT:
        copy = shutil.copytree if (content_root() / part).is_dir() else shutil.copy
        copy(content_root() / part, checkout / part)
    (checkout / "graphistry_airgap/__pycache__").mkdir(exist_ok=True)
    (checkout / "graphistry_airgap/__pycache__/x.cpython-311.pyc").write_bytes(b"")
    os.utime(checkout / "graphistry_airgap/version.py", (0, 0))
    assert build_own_wheel(cache, package=checkout / "graphistry_airgap", content=checkout) == first


def test_what_the_wheel_installs_makes_the_same_wheel(cache, tmp_path):
    first = build_own_wheel(cache)
    with zipfile.ZipFile(cache.find(first.sha256)) as archive:
        for entry in archive.infolist():
            path = archive.extract(entry, tmp_path / "site")
            Path(path).chmod(entry.external_attr >> 16)
    package = tmp_path / "site/graphistry_airgap"
    assert build_own_wheel(cache, package=package, content=package / "_content") == first


@pytest.mark.subprocesses
def test_pip_takes_the_wheel(cache, tmp_path):
    wheel = build_own_wheel(cache)
    path = tmp_path / wheel.filename
    shutil.copy(cache.find(wheel.sha256), path)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--isolated",
        "--no-index",
        "--no-deps",
        "--no-compile",
    ]
    subprocess.run([*command, "--target", tmp_path / "site", path], capture_output=True, check=True)
    code = "import graphistry_airgap.content as c; print(c.content_root())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "site/graphistry_airgap/_content")
    assert (tmp_path / "site/bin/graphistry-airgap").is_file()
